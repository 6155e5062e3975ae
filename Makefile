# s6-tls: builds one multi-call binary of the applets that .config selects.
# All that is made goes under O; `make help` lists the targets.

VERSION := 0.1.0

O = build/out
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
CFLAGS ?= -O2 -g
HARDEN = -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now
WARN = -Wall -Wextra -Wundef -Wshadow -Wformat=2 $(if $(filter 1,$(WERROR)),-Werror)

# A library: the prefix that was asked for, else what pkg-config knows, else the compiler's own paths.
# $1 the prefix, $2 the name to link, $3 the names that pkg-config may know it by
at_prefix = -I$1/include -L$1/lib -L$1/lib/skalibs -Wl,-rpath,$1/lib -l$2
pkg_config = for p in $3; do pkg-config --cflags --libs $$p 2>/dev/null && exit; done; echo -l$2
find_library = $(if $1,$(call at_prefix,$1,$2),$(shell $(pkg_config)))
# Without its options.h, headers there would be read with the options of another wolfSSL: structures of wrong sizes.
ifneq ($(WOLFSSL_PREFIX),)
ifeq ($(wildcard $(WOLFSSL_PREFIX)/include/wolfssl/options.h),)
$(error $(WOLFSSL_PREFIX)/include/wolfssl/options.h is missing; what is built with --enable-distro does not install it)
endif
endif
WOLFSSL := $(call find_library,$(WOLFSSL_PREFIX),wolfssl,wolfssl)
SKALIBS := $(call find_library,$(SKALIBS_PREFIX),skarnet,skalibs libskarnet)

# The flags that find headers (-I) go to the compiler, the others to the linker only.
compiler_part = $(filter -I% -D%,$1)
linker_part = $(filter-out -I% -D%,$1)
COMPILE = $(CC) -std=c11 -D_GNU_SOURCE -DS6TLS_VERSION=\"$(VERSION)\" -I$(O)/include -Icore $(WARN) $(HARDEN) \
	-ffunction-sections -fdata-sections $(call compiler_part,$(WOLFSSL) $(SKALIBS)) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(CFLAGS) $(HARDEN) $(HARDEN_LD) -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)
# wolfSSL may need libm when it is static
LIBS = $(call linker_part,$(WOLFSSL)) $(call linker_part,$(SKALIBS)) -lm

APPLETS := $(sort $(wildcard applets/*.c))
MAIN := $(O)/core/multicall.o
CORE := $(filter-out $(MAIN),$(patsubst %.c,$(O)/%.o,$(sort $(wildcard core/*.c core/*/*.c))))
UNIT := $(patsubst %.c,$(O)/%,$(sort $(wildcard tests/unit/test_*.c)))
# V=1 shows the commands themselves, make -s nothing
Q := $(if $(V),,@)
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)
GENERATED := $(O)/include/config.h $(O)/include/applets.h

.PHONY: all unit check model coverage install clean help defconfig olddefconfig menuconfig FORCE
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

all: $(O)/s6-tls

# Of the two archives the linker takes what the table of applets asks for, and what that needs: no more.
$(O)/s6-tls: $(MAIN) $(O)/libapplets.a $(O)/libcore.a
	@$(say) '  LD  $@'
	$(Q)$(LINK) -o $@ $^ $(LIBS)

# The directory is there for files that went away: their objects must leave the archive too.
$(O)/libapplets.a: $(APPLETS:%.c=$(O)/%.o) applets
$(O)/libcore.a: $(CORE) $(sort $(dir $(wildcard core/*.c core/*/*.c)))
$(O)/lib%.a:
	@$(say) '  AR  $@'
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(O)/%.o: %.c $(O)/flags | $(GENERATED)
	@mkdir -p $(@D)
	@$(say) '  CC  $<'
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# Objects are built again when the compiler or its flags are others.
$(O)/flags: FORCE
	@sh build/keep $@ printf '%s\n' '$(COMPILE)'

# A .config that is there is only ever read; one that is not is the default one.
$(O)/.config:
	@mkdir -p $(@D)
	cp build/configs/default $@

$(O)/include/config.h: $(O)/.config FORCE
	@sh build/keep $@ sh build/gen-config $< $(O)/Kconfig.applets Kconfig
$(O)/include/config.h: $(O)/Kconfig.applets
$(O)/include/applets.h: FORCE
	@sh build/keep $@ sh build/gen-applets table $(APPLETS)
$(O)/Kconfig.applets: FORCE
	@sh build/keep $@ sh build/gen-applets kconfig $(APPLETS)

defconfig:
	@mkdir -p $(O)
	cp build/configs/default $(O)/.config
olddefconfig: $(O)/.config $(O)/Kconfig.applets
	@sh build/kconfig $(O) kconfig-conf -s --olddefconfig Kconfig
menuconfig: $(O)/.config $(O)/Kconfig.applets
	@sh build/kconfig $(O) kconfig-mconf Kconfig

unit: $(UNIT)
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/libcore.a
	@$(say) '  LD  $@'
	$(Q)$(LINK) -o $@ $^ -lcmocka $(LIBS)

check:
	@O='$(abspath $(O))' sh tests/run $(T)

model:
	@tests/model/run

# A build of its own: the counts are of that
coverage:
	@O='$(abspath $(O))-coverage' tests/coverage/run

install: all
	@sh build/install $(O) '$(DESTDIR)$(BINDIR)' $(APPLETS)

clean:
	rm -rf $(O)

help:
	@echo 'make               build $(O)/s6-tls'
	@echo 'make unit          build the unit tests'
	@echo 'make check         run all tests; T="unit", "wire" or names of tests: only those'
	@echo 'make model         check the model of the relay with Spin, and that it sees its rules broken'
	@echo 'make coverage      run all tests in $(O)-coverage; which lines they reach, against docs/coverage.md'
	@echo 'make install       binary and symlinks into DESTDIR, PREFIX=$(PREFIX), BINDIR=$(BINDIR)'
	@echo 'make defconfig     start again from the default configuration'
	@echo 'make menuconfig    choose applets and options'
	@echo 'make olddefconfig  give new options their defaults'
	@echo 'make clean         remove $(O)'
	@echo 'Variables: O CC CFLAGS CPPFLAGS LDFLAGS AR WOLFSSL_PREFIX SKALIBS_PREFIX WERROR=1 V=1 (show the commands)'

FORCE:

-include $(patsubst %.o,%.d,$(MAIN) $(CORE) $(APPLETS:%.c=$(O)/%.o)) $(UNIT:%=%.d)
