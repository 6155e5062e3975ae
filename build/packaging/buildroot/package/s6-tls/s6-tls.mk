################################################################################
#
# s6-tls
#
################################################################################

S6_TLS_VERSION = 0.1.0
# The tree that this stands in.
S6_TLS_SITE = $(BR2_EXTERNAL_S6_TLS_PATH)/../../..
S6_TLS_SITE_METHOD = local
S6_TLS_LICENSE = ISC
S6_TLS_LICENSE_FILES = LICENSE
S6_TLS_DEPENDENCIES = host-pkgconf skalibs wolfssl
S6_TLS_DEFCONFIG ?= default

define S6_TLS_CONFIGURE_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(S6_TLS_DEFCONFIG)_defconfig
endef

define S6_TLS_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(TARGET_CONFIGURE_OPTS) \
		LDFLAGS="$(TARGET_LDFLAGS) -L$(STAGING_DIR)/usr/lib/skalibs" all
endef

define S6_TLS_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(TARGET_CONFIGURE_OPTS) \
		LDFLAGS="$(TARGET_LDFLAGS) -L$(STAGING_DIR)/usr/lib/skalibs" \
		PREFIX=/usr DESTDIR=$(TARGET_DIR) install
endef

$(eval $(generic-package))
