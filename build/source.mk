# wolfSSL and skalibs compiled from source, where the configuration says so, and for unit tests with musl cmocka. Nothing of
# theirs is changed, or kept in this tree: scripts/fetch-sources puts it below sources/, or WOLFSSL_SRC= and SKALIBS_SRC= say
# where it is (in the environment too: from a make that runs the tests to those that they run).

newest = $(lastword $(shell ls -d sources/$1-* 2>/dev/null | sort -V))
WOLFSSL_SRC ?= $(call newest,wolfssl)
SKALIBS_SRC ?= $(call newest,skalibs)
CMOCKA_SRC ?= $(call newest,cmocka)

no_source = $2 is to be compiled from source$(comma) and there is none: run scripts/fetch-sources$(comma) or say $1=dir

# wolfSSL: the files that TLS may need, of those that this version has; what settings leave out compiles to nothing.
WOLFSSL_FILES := internal keys ssl tls tls13 wolfio crl ocsp \
	aes asn chacha chacha20_poly1305 coding cpuid curve25519 dh ecc ed25519 error fe_operations ge_operations hash hmac \
	kdf memory poly1305 random rsa sha sha256 sha3 sha512 sp_int wc_encrypt wc_mlkem wc_mlkem_poly wc_port wolfmath
# and the assembly of each machine that there is some for, with what its tools must be told. The instructions are those that it
# asks the processor for before it uses them.
ASM_x86_64 := sp_x86_64 aes_asm aes_gcm_asm chacha_asm fe_x25519_asm poly1305_asm sha256_asm sha3_asm sha512_asm sp_x86_64_asm \
	wc_mlkem_asm
CODE_x86_64 := -maes -mpclmul -msse4.1
DEFINE_x86_64 := -DWOLFSSL_X86_64_BUILD # 5.5 asks for it in a file that reads no settings
# 5.9.2 takes the upper half of a register to be zero, which code of its own for P-256 leaves full: every other key of X25519 that
# is made after an ECDSA signature was verified, by a client of TLS 1.2, is a wrong one. Without AVX2 a key exchange takes 5 us more.
X25519_x86_64 := -DNO_AVX2_SUPPORT
ASM_aarch64 := sp_arm64 $(addprefix port/arm/armv8-,aes-asm chacha-asm curve25519 mlkem-asm poly1305-asm sha256-asm sha3-asm sha512-asm)
AS_aarch64 := -march=armv8.2-a+crypto
SHA256_aarch64 := -DWOLFSSL_ARMASM_NO_HW_CRYPTO # the instructions for it are used without a question
# $1 names, $2 their ending
wolfssl_have = $(wildcard $(foreach f,$1,$(WOLFSSL_SRC)/src/$f.$2 $(WOLFSSL_SRC)/wolfcrypt/src/$f.$2))

ifeq ($(CONFIG_WOLFSSL_SOURCE),y)
ifeq ($(wildcard $(WOLFSSL_SRC)/wolfssl/ssl.h),)
$(call refuse,$(call no_source,WOLFSSL_SRC,wolfSSL))
endif
WOLFSSL_VERSION := $(shell sed -n 's/^\#define LIBWOLFSSL_VERSION_STRING "\(.*\)"/\1/p' $(WOLFSSL_SRC)/wolfssl/version.h)
# $1 a symbol, $2 the version it needs
needs_version = $(if $(CONFIG_$1),$(if $(filter $2,$(shell printf '%s\n' $2 $(WOLFSSL_VERSION) | sort -V | head -n 1)),,\
	$(call refuse,$1 needs wolfSSL $2 or newer$(comma) and $(WOLFSSL_SRC) is $(WOLFSSL_VERSION))))
$(call needs_version,GROUP_X25519MLKEM768,5.9.0)
# In TLS 1.3 it asks for a private key although it has been told who signs.
ifeq ($(WOLFSSL_VERSION)$(CONFIG_OWN_CERTS),5.7.2y)
$(call refuse,wolfSSL 5.7.2 lets nobody else sign in TLS 1.3: take 5.9$(comma) or 5.5)
endif
ifneq ($(CONFIG_WOLFSSL_ASM),)
WOLFSSL_MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ifeq ($(ASM_$(WOLFSSL_MACHINE)),)
$(call refuse,WOLFSSL_ASM is for x86_64 and aarch64$(comma) and $(CC) is not)
endif
# Older ones ask for no instruction of this machine: they use it
$(if $(filter aarch64,$(WOLFSSL_MACHINE)),$(call needs_version,WOLFSSL_ASM,5.9.2))
endif

WOLFSSL_OBJECTS := $(patsubst $(WOLFSSL_SRC)/%,$(O)/wolfssl/%.o,$(basename \
	$(call wolfssl_have,$(WOLFSSL_FILES) $(ASM_$(WOLFSSL_MACHINE)),c) $(call wolfssl_have,$(ASM_$(WOLFSSL_MACHINE)),S)))
WOLFSSL_SYMBOLS := $(shell grep -o 'CONFIG_[A-Z0-9_]*' build/wolfssl/user_settings.h | sort -u)
WOLFSSL := -DWOLFSSL_USER_SETTINGS $(DEFINE_$(WOLFSSL_MACHINE)) -Ibuild/wolfssl -isystem$(WOLFSSL_SRC)
SOURCE_LIBS += $(O)/libwolfssl.a

WOLFSSL_COMPILE = $(CC) -std=gnu11 $(WOLFSSL) -I$(O)/include $(CODE) $(CODE_$(WOLFSSL_MACHINE))
WOLFSSL_NEEDS = build/wolfssl/user_settings.h $(WOLFSSL_SYMBOLS:CONFIG_%=$(O)/include/config/%) $(O)/wolfssl/flags

$(O)/wolfssl/flags: FORCE
	@sh build/keep $@ printf '%s\n' '$(WOLFSSL_COMPILE)' '$(X25519_$(WOLFSSL_MACHINE))' '$(SHA256_$(WOLFSSL_MACHINE))'
$(O)/wolfssl/%.o: $(WOLFSSL_SRC)/%.c $(WOLFSSL_NEEDS) | $(O)/include/config.h
	@mkdir -p $(@D)
	@$(say) '  CC  $<'
	$(Q)$(WOLFSSL_COMPILE) -c -o $@ $<
$(O)/wolfssl/%.o: $(WOLFSSL_SRC)/%.S $(WOLFSSL_NEEDS) | $(O)/include/config.h
	@mkdir -p $(@D)
	@$(say) '  AS  $<'
	$(Q)$(WOLFSSL_COMPILE) $(AS_$(WOLFSSL_MACHINE)) -c -o $@ $<
$(O)/wolfssl/%/fe_x25519_asm.o: WOLFSSL += $(X25519_$(WOLFSSL_MACHINE))
$(O)/wolfssl/%/sha256.o $(O)/wolfssl/%/armv8-sha256-asm.o: WOLFSSL += $(SHA256_$(WOLFSSL_MACHINE))
$(O)/libwolfssl.a: $(WOLFSSL_OBJECTS)
endif

# skalibs: by its own configure, which tries out what the C library has, in a copy. The objects of ours wait for its headers.
ifeq ($(CONFIG_SKALIBS_SOURCE),y)
ifeq ($(wildcard $(SKALIBS_SRC)/src/include/skalibs/strerr.h),)
$(call refuse,$(call no_source,SKALIBS_SRC,skalibs))
endif
SKALIBS_DIR := $(O)/$(notdir $(abspath $(SKALIBS_SRC)))
SKALIBS := -isystem$(SKALIBS_DIR)/include
SOURCE_LIBS += $(SKALIBS_DIR)/lib/libskarnet.a
SOURCE_HEADERS += $(SKALIBS_DIR)/lib/libskarnet.a

# On machines of 32 bits, glibc 2.36 with FORTIFY calls the ppoll of 32-bit times with times of 64 bits: it would not wait. poll does.
BITS_32 := $(filter 4,$(shell echo __SIZEOF_LONG__ | $(CC) -E -P -))
SKALIBS_BUILD = sh build/make-skalibs $(SKALIBS_SRC) $(SKALIBS_DIR) '$(CC)' '$(filter-out -fPIE -fno-pie,$(CODE))' \
	$(if $(BITS_32),--with-sysdep-ppoll=no) $(SKALIBS_CONFIGURE)
$(O)/skalibs.flags: FORCE
	@sh build/keep $@ printf '%s\n' '$(SKALIBS_BUILD)'
$(SKALIBS_DIR)/lib/libskarnet.a: build/make-skalibs $(O)/skalibs.flags
	@$(say) '  MK  $@'
	$(Q)AR='$(AR)' $(SKALIBS_BUILD)
endif

# musl-gcc has no headers of the kernel beside musl's own: it is shown those of the machine's compiler.
ifeq ($(CONFIG_LIBC_MUSL)$(CROSS_COMPILE),y)
SOURCE_INCLUDES := -idirafter$(O)/kernel-headers
SOURCE_HEADERS += $(O)/kernel-headers
endif
# Nor is there a cmocka for it, or for other machines.
CMOCKA := -lcmocka
ifneq ($(CONFIG_LIBC_MUSL)$(CROSS_COMPILE),)
SOURCE_INCLUDES += $(addsuffix /include,$(addprefix -isystem,$(CMOCKA_SRC)))
CMOCKA := $(O)/cmocka.o
endif
$(O)/kernel-headers: build/kernel-headers
	$(Q)sh $< $@
$(O)/cmocka.o: $(O)/flags
	$(if $(CMOCKA_SRC),,$(error $(call no_source,CMOCKA_SRC,cmocka)))
	$(Q)$(CC) -I$(CMOCKA_SRC)/include $(CODE) -DHAVE_INTTYPES_H -DHAVE_MALLOC_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_STRSIGNAL \
		-DHAVE_STRUCT_TIMESPEC -DHAVE_GCC_THREAD_LOCAL_STORAGE -D_GNU_SOURCE -w -c -o $@ $(CMOCKA_SRC)/src/cmocka.c

help::
	@echo 'scripts/fetch-sources   wolfSSL and skalibs of the distribution, for configurations that compile them (static_defconfig)'
