# Putting the binary and the names of the applets where they are to be found.

PREFIX = $(CONFIG_PREFIX)
BINDIR = $(PREFIX)/bin

.PHONY: install

install: all
	@sh build/install $(O) '$(DESTDIR)' '$(BINDIR)' $(or $(foreach m,SYMLINKS HARDLINKS SCRIPTS,$(call if_config,INSTALL_$m,$m)),NONE) \
		$(foreach a,$(APPLETS),$(if $(filter y,$(CONFIG_$(call symbol,$a))),$(basename $(notdir $a))))
symbol = $(shell echo $(basename $(notdir $1)) | tr a-z- A-Z_)

help::
	@echo 'make install            the binary and the names of the applets, below DESTDIR; PREFIX and BINDIR override the configuration'
