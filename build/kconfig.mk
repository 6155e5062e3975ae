# From .config to what the build reads, and the targets that write .config.

KCONFIG_CONFIG = $(O)/.config
NAMED_CONFIGS := $(sort $(notdir $(wildcard build/configs/*)))
NAMED_TARGETS := $(NAMED_CONFIGS:%=%_defconfig)
KCONFIG_TARGETS := olddefconfig savedefconfig menuconfig nconfig randconfig listconfig

.PHONY: defconfig $(NAMED_TARGETS) $(KCONFIG_TARGETS)

# A configuration that is there is only ever read; one that is not is the default one.
$(KCONFIG_CONFIG):
	@mkdir -p $(@D)
	cp build/configs/default $@

$(O)/Kconfig.applets: FORCE
	@sh build/keep $@ sh build/gen-applets kconfig $(APPLETS)

# The symbols as make's variables. make reads this file, so it makes it, and with it the headers, before all else,
# and then sees their true times. FORCE: KCONFIG_CONFIG may be another file than last time, an older one too.
SYMBOLS := $(O)/include/config.mk
$(SYMBOLS): $(KCONFIG_CONFIG) $(O)/Kconfig.applets FORCE
	@sh build/sync-config $(O)/include $< $(O)/Kconfig.applets Kconfig
$(O)/include/config.h: $(SYMBOLS) ;

# These need no configuration, or write it.
ifneq ($(filter-out clean help %config,$(or $(MAKECMDGOALS),all)),)
-include $(SYMBOLS)
endif

kconfig = sh build/kconfig $(O) $(KCONFIG_CONFIG)
$(KCONFIG_TARGETS): $(KCONFIG_CONFIG) $(O)/Kconfig.applets

defconfig: default_defconfig ;
$(NAMED_TARGETS): %_defconfig:
	@mkdir -p $(dir $(KCONFIG_CONFIG))
	cp build/configs/$* $(KCONFIG_CONFIG)
olddefconfig:
	@$(kconfig) kconfig-conf -s --olddefconfig Kconfig
savedefconfig:
	@$(kconfig) kconfig-conf -s --savedefconfig $(O)/defconfig Kconfig
menuconfig:
	@$(kconfig) kconfig-mconf Kconfig
nconfig:
	@$(kconfig) kconfig-nconf Kconfig
# Only what can be built: nothing is linked statically where a library for that is missing, or compiled from a source that is.
randconfig:
	@{ if $(can_link_static) >/dev/null; then :; else echo CONFIG_LINK_SHARED=y; fi; \
		$(if $(wildcard $(WOLFSSL_SRC)/wolfssl/ssl.h),,echo '# CONFIG_WOLFSSL_SOURCE is not set';) \
		$(if $(wildcard $(SKALIBS_SRC)/src/include/skalibs),,echo '# CONFIG_SKALIBS_SOURCE is not set';) \
		command -v musl-gcc >/dev/null || echo CONFIG_LIBC_HOST=y; } >$(O)/Kconfig.fixed
	@$(if $(SEED),KCONFIG_SEED=$(SEED)) KCONFIG_ALLCONFIG=$(O)/Kconfig.fixed $(kconfig) kconfig-conf -s --randconfig Kconfig
listconfig:
	@awk -f build/listconfig.awk $(KCONFIG_CONFIG) $(O)/Kconfig.applets Kconfig

help::
	@echo 'make menuconfig         choose applets and options'
	@echo 'make nconfig            the same in other menus'
	@echo 'make listconfig         print the symbols, each with its value, type and prompt'
	@echo 'make defconfig          start again from the default configuration'
	@$(foreach c,$(NAMED_CONFIGS),printf 'make %-18s start again from build/configs/$c\n' $c_defconfig;)
	@echo 'make olddefconfig       give new options their defaults'
	@echo 'make savedefconfig      write what differs from the defaults to $(O)/defconfig'
	@echo 'make randconfig         choose at random; SEED=number makes the same choice each time'
