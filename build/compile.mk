# From sources to the binary, and to the programs of the unit tests.

MAIN := $(O)/core/multicall.o
CORE := $(filter-out $(MAIN),$(patsubst %.c,$(O)/%.o,$(sort $(wildcard core/*.c core/*/*.c))))
UNIT := $(patsubst %.c,$(O)/%,$(sort $(wildcard tests/unit/test_*.c)))
GENERATED := $(O)/include/config.h $(O)/include/applets.h

# Of the two archives the linker takes what the table of applets asks for, and what that needs: no more.
$(O)/s6-tls: $(MAIN) $(O)/libapplets.a $(O)/libcore.a $(SOURCE_LIBS) $(WATCH) $(O)/link-flags
	@$(say) '  LD  $@'
	$(Q)$(LINK) -o $@ $(filter-out %flags,$^) $(LIBS) $(call if_config,LINK_STATIC,|| { $(why_not_static); exit 1; })
why_not_static = $(can_link_static) | sed 's/^/a static build is impossible here, there is no static library for /' >&2

# The directory is there for files that went away: their objects must leave the archive too.
$(O)/libapplets.a: $(APPLETS:%.c=$(O)/%.o) applets
$(O)/libcore.a: $(CORE) $(sort $(dir $(wildcard core/*.c core/*/*.c)))
$(O)/lib%.a:
	@$(say) '  AR  $@'
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# An object depends on the symbols that it mentions, not on the file of them all.
$(O)/%.o: %.c $(O)/flags | $(GENERATED) $(SOURCE_HEADERS)
	@mkdir -p $(@D)
	@$(say) '  CC  $<'
	$(Q)$(COMPILE) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
	@sh build/keep $(@:.o=.d) sh build/symbol-deps $(@:.o=.d) $(O)/include

# Objects and programs are made again when the compiler or its flags are others.
$(O)/flags: FORCE
	$(if $(REFUSED),$(error $(REFUSED)))@sh build/keep $@ printf '%s\n' '$(COMPILE)'
$(O)/link-flags: FORCE
	@sh build/keep $@ printf '%s\n' '$(LINK) $(LIBS)'

$(O)/include/applets.h: FORCE
	@sh build/keep $@ sh build/gen-applets table $(APPLETS)

-include $(patsubst %.o,%.d,$(MAIN) $(CORE) $(APPLETS:%.c=$(O)/%.o)) $(UNIT:%=%.d)
