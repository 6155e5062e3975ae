# Putting the binary, the names of the applets and the manual pages where they are to be found.

PREFIX = $(CONFIG_PREFIX)
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man

.PHONY: install man html dist

install: all man
	@sh build/install $(O) '$(DESTDIR)' '$(BINDIR)' '$(MANDIR)' \
		$(or $(foreach m,SYMLINKS HARDLINKS SCRIPTS,$(call if_config,INSTALL_$m,$m)),NONE) \
		$(foreach a,$(APPLETS),$(if $(filter y,$(CONFIG_$(call symbol,$a))),$(basename $(notdir $a))))

PAGES := $(notdir $(basename $(sort $(wildcard docs/man/*.8))))
man: $(PAGES:%=$(O)/man/%.8)
$(O)/man/%.8: docs/man/%.8 $(wildcard docs/man/parts/*) build/gen-man Kconfig $(O)/Kconfig.applets
	@mkdir -p $(@D)
	$(Q)sh build/gen-man $< $(O)/Kconfig.applets Kconfig >$@

html: $(PAGES:%=$(O)/html/%.html)
$(O)/html/%.html: $(O)/man/%.8
	@mkdir -p $(@D)
	$(Q)mandoc -T html -O man=%N.html $< >$@

# What is committed, as a tarball for those who make packages.
DIST = s6-tls-$(VERSION)
dist:
	@mkdir -p $(O)
	git archive --prefix=$(DIST)/ -o $(O)/$(DIST).tar.gz HEAD

symbol = $(shell echo $(basename $(notdir $1)) | tr a-z- A-Z_)

help::
	@echo 'make man                the manual pages, in $(O)/man'
	@echo 'make html               the same for a browser, in $(O)/html; needs mandoc'
	@echo 'make dist               $(O)/$(DIST).tar.gz of what is committed; build/packaging has recipes for it'
	@echo 'make install            the binary, the names of the applets and their manual pages, below DESTDIR;'
	@echo '                        PREFIX, BINDIR and MANDIR override the configuration'
