# Building and running the tests.

.PHONY: unit check randcheck

unit: $(UNIT)
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/libcore.a $(O)/link-flags
	@$(say) '  LD  $@'
	$(Q)$(LINK) -o $@ $(filter-out %flags,$^) -lcmocka $(LIBS)

check:
	@O='$(abspath $(O))' NO_SKIP='$(NO_SKIP)' sh tests/run $(T)

randcheck:
	@O='$(abspath $(O))' sh tests/randcheck $(or $(FIRST),1) $(or $(SEEDS),3)

help::
	@echo 'make unit          build the unit tests'
	@echo 'make check         run all tests; T="unit", "wire", "quick" or names of tests: only those; NO_SKIP=1: a skipped test is a failure'
	@echo 'make randcheck     build and try configurations chosen at random: SEEDS=3 of them, numbered from FIRST=1'
