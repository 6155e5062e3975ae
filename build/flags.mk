# What the compiler and the linker are told, from the symbols of the menu "Build" and from variables.

comma := ,
# $1 a symbol, $2 the flags if it is y, $3 if it is not
if_config = $(if $(filter y,$(CONFIG_$1)),$2,$3)
# $1 why this configuration cannot be built. Said when something is compiled: now make may have read the one before it.
refuse = $(eval REFUSED := $$(or $$(REFUSED),$$1))

# CROSS_COMPILE=mips-linux-gnu- is what the names of the compiler and of its tools begin with, where they are for another machine.
ifeq ($(origin CC),default)
CC = $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,$(call if_config,LIBC_MUSL,musl-gcc,cc))
endif
ifneq ($(and $(CROSS_COMPILE),$(CONFIG_LIBC_MUSL)),)
ifeq ($(findstring musl,$(shell $(CC) -dumpmachine)),)
$(call refuse,LIBC_MUSL is chosen$(comma) and $(CC) is not for musl: take LIBC_HOST (cross_defconfig)$(comma) or a compiler that is)
endif
endif

# What is built to be watched: SANITIZE=1 by ASan and UBSan (without FORTIFY, which hides calls from them), VALGRIND=1 by valgrind.
WATCHED = $(if $(filter 1,$(SANITIZE)),sanitize,$(if $(filter 1,$(VALGRIND)),valgrind))
ifeq ($(WATCHED),sanitize)
CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -static-libasan -static-libubsan
CONFIG_STACK_PROTECTOR :=
CONFIG_FORTIFY :=
WATCH := $(O)/tests/watched.o
endif

# COVERAGE=1: counts how often each line is reached, in a file that each process has mapped before main(): a cage does not
# keep it from counting, nor does the way in which it ends.
ifeq ($(COVERAGE),1)
CC := clang
CFLAGS := -O2 -g -fprofile-instr-generate=$(abspath $(O))/counts/%m%c.profraw -fprofile-update=atomic -fcoverage-mapping \
	-mllvm -runtime-counter-relocation -Wno-unused-command-line-argument
WATCH := $(O)/tests/coverage/counts.o
endif

# Nothing here unwinds a stack.
SMALL = -Os -fno-unwind-tables -fno-asynchronous-unwind-tables
CFLAGS ?= $(call if_config,OPTIMIZE_SIZE,$(SMALL),-O2) $(call if_config,DEBUG,-g -fno-omit-frame-pointer) $(call if_config,LTO,-flto=auto)
WARN = -Wall -Wextra -Wundef -Wshadow -Wformat=2 $(if $(filter 1,$(WERROR)),-Werror)
# The C library warns of FORTIFY without optimisation.
fortify = $(if $(filter -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)
HARDEN = $(call if_config,STACK_PROTECTOR,-fstack-protector-strong,-fno-stack-protector) \
	-U_FORTIFY_SOURCE $(call if_config,FORTIFY,$(fortify)) $(call if_config,PIE,-fPIE,-fno-pie)
PIE_LINK = $(call if_config,LINK_STATIC,$(call if_config,PIE,$(STATIC_PIE),-static -no-pie),$(call if_config,PIE,-pie,-no-pie))
# musl-gcc knows of no -static-pie: it is shown the object files of musl that a program of this kind begins and ends with.
ifeq ($(CONFIG_LIBC_MUSL)$(CONFIG_PIE)$(CONFIG_LINK_STATIC),yyy)
crt1 := $(filter %crt1.o,$(shell $(CC) -static-pie -\#\#\# -x c /dev/null 2>&1))
endif
ifeq ($(CONFIG_LIBC_HOST)$(CONFIG_PIE)$(CONFIG_LINK_STATIC)$(shell $(CC) -print-file-name=rcrt1.o),yyyrcrt1.o)
$(call refuse,the C library of $(CC) has no rcrt1.o$(comma) which a static PIE begins with: leave PIE out of the configuration)
endif
STATIC_PIE := -static-pie
ifneq ($(filter %/Scrt1.o,$(crt1)),)
STATIC_PIE := -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text $(dir $(crt1))rcrt1.o $(dir $(crt1))crti.o
END_OBJECTS := $(dir $(crt1))crtn.o
endif
HARDEN_LINK = $(PIE_LINK) \
	$(call if_config,RELRO,-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now,-Wl$(comma)-z$(comma)norelro$(comma)-z$(comma)lazy)

# An archive of objects for LTO needs a tool that can read them.
ifeq ($(origin AR),default)
AR = $(if $(findstring clang,$(CC)),$(call if_config,LTO,llvm-ar,ar),$(CROSS_COMPILE)$(call if_config,LTO,gcc-ar,ar))
endif

# A library: the prefix that was asked for, else what pkg-config knows, else the compiler's own paths.
# $1 the prefix, $2 the name to link, $3 the names that pkg-config may know it by
at_prefix = -I$1/include -L$1/lib -L$1/lib/skalibs -Wl,-rpath,$1/lib -l$2
PKG_CONFIG = $(CROSS_COMPILE)pkg-config
pkg_config = for p in $3; do $(PKG_CONFIG) --cflags --libs $(call if_config,LINK_STATIC,--static) $$p 2>/dev/null && exit; done; echo -l$2
find_library = $(if $1,$(call at_prefix,$1,$2),$(shell $(pkg_config)))
# Without its options.h, headers there would be read with the options of another wolfSSL: structures of wrong sizes.
ifneq ($(WOLFSSL_PREFIX),)
ifeq ($(wildcard $(WOLFSSL_PREFIX)/include/wolfssl/options.h),)
$(error $(WOLFSSL_PREFIX)/include/wolfssl/options.h is missing; what is built with --enable-distro does not install it)
endif
endif
ifneq ($(CONFIG_WOLFSSL_SOURCE),y)
WOLFSSL := $(call find_library,$(WOLFSSL_PREFIX),wolfssl,wolfssl)
endif
ifneq ($(CONFIG_SKALIBS_SOURCE),y)
SKALIBS := $(call find_library,$(SKALIBS_PREFIX),skarnet,skalibs libskarnet)
endif

# The flags that find headers (-I) go to the compiler, the others to the linker only.
compiler_part = $(filter -I% -D% -isystem%,$1)
linker_part = $(filter-out -I% -D% -isystem%,$1)
# The same bytes wherever it is built. What counts lines must know where they are.
NOWHERE = $(if $(filter 1,$(COVERAGE)),,-ffile-prefix-map=$(abspath $(O))=out -ffile-prefix-map=$(CURDIR)=.)
# Times and sizes of files have 64 bits on machines of 32 too, unless a library that has been compiled already may have other ones.
WIDE = $(if $(and $(CONFIG_WOLFSSL_SOURCE),$(CONFIG_SKALIBS_SOURCE)),-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64)
# How all code is compiled, that of libraries too
CODE = $(HARDEN) $(NOWHERE) $(WIDE) -ffunction-sections -fdata-sections $(CPPFLAGS) $(CFLAGS)
COMPILE = $(CC) -std=c11 -D_GNU_SOURCE -DS6TLS_VERSION=\"$(VERSION)\" -I$(O)/include -Icore $(WARN) \
	$(call compiler_part,$(WOLFSSL) $(SKALIBS)) $(SOURCE_INCLUDES) $(CODE)
LINK = $(CC) $(CFLAGS) $(HARDEN) $(HARDEN_LINK) -Wl,--gc-sections -Wl,--as-needed $(call if_config,STRIP,-s) $(LDFLAGS)
# wolfSSL may need libm when it is static
LIBS = $(call linker_part,$(WOLFSSL)) $(call linker_part,$(SKALIBS)) -lm $(END_OBJECTS)

can_link_static = sh build/can-link-static $(CC) $(LDFLAGS) -- $(LIBS)
