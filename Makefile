# s6-tls: builds one multi-call binary of the applets that .config selects.
# All that is made goes under O; `make help` lists the targets. The parts are in build/*.mk, one idea each.

VERSION := 0.1.0
O = build/out

.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

# make reads the configuration before it does anything: what writes it is done first, as if each goal had been given alone.
ifneq ($(and $(filter %config,$(MAKECMDGOALS)),$(filter-out %config,$(MAKECMDGOALS))),)
$(MAKECMDGOALS): one_by_one
	@:
one_by_one:
	@for goal in $(MAKECMDGOALS); do $(MAKE) $$goal || exit; done
else

.PHONY: all clean help FORCE

all: $(O)/s6-tls

# V=1 shows the commands themselves, make -s nothing
Q := $(if $(V),,@)
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)

APPLETS := $(sort $(wildcard applets/*.c))

help::
	@echo 'make all                build $(O)/s6-tls; make alone does the same'
	@echo 'make clean              remove $(O)'
	@echo 'make help               print this'

include build/kconfig.mk
include build/flags.mk
include build/source.mk
include build/compile.mk
include build/install.mk
include build/test.mk

help::
	@echo 'Variables: O CC CFLAGS CPPFLAGS LDFLAGS AR CROSS_COMPILE=mips-linux-gnu- (another machine)'
	@echo '           KCONFIG_CONFIG WOLFSSL_PREFIX SKALIBS_PREFIX WERROR=1 V=1 (show the commands)'

clean:
	rm -rf $(O)

FORCE:

endif
