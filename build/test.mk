# Building and running the tests.

.PHONY: unit check lint model coverage interop load bench profile footprint anchors size matrix package randcheck

# What runs programs for the machine of CROSS_COMPILE, if this is another one; qemu has names for machines that GNU calls otherwise.
CPU := $(firstword $(subst -, ,$(notdir $(CROSS_COMPILE))))
QEMU_CPU := $(patsubst powerpc%,ppc%,$(patsubst i%86,i386,$(patsubst armv%,arm,$(CPU))))
EXEC_WRAPPER = $(if $(filter-out $(shell uname -m),$(CPU)),qemu-$(QEMU_CPU))

# A library from source takes random numbers from ours, which is looked through again for that.
unit: $(UNIT)
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/libcore.a $(SOURCE_LIBS) $(WATCH) $(O)/link-flags $(filter %.o,$(CMOCKA))
	@$(say) '  LD  $@'
	$(Q)$(LINK) -o $@ $(filter-out %flags,$^) $(if $(SOURCE_LIBS),$(O)/libcore.a) $(filter -l%,$(CMOCKA)) $(LIBS)

check:
	@O='$(abspath $(O))' WATCHED='$(WATCHED)' SAMPLE='$(SAMPLE)' NO_SKIP='$(NO_SKIP)' CROSS_COMPILE='$(CROSS_COMPILE)' \
		EXEC_WRAPPER='$(EXEC_WRAPPER)' sh tests/run $(T)

model:
	@tests/model/run

# A build of its own: the counts are of that
coverage:
	@O='$(abspath $(O))-coverage' NO_SKIP='$(NO_SKIP)' tests/coverage/run $(T)

lint:
	@O='$(abspath $(O))' sh scripts/lint

# The applets against other programs that speak TLS
interop: all
	@S6TLS_BIN='$(abspath $(O))/s6-tls' /usr/bin/python3 tests/matrix/matrix.py docs/interop.md

# Many connections at once through s6-tlsserver
load: all
	@S6TLS_BIN='$(abspath $(O))/s6-tls' CONNECTIONS='$(CONNECTIONS)' tests/load/run

# What a connection costs, beside other servers; BENCH="name=binary ..." measures these builds
bench: all
	@S6TLS_BIN='$(abspath $(O))/s6-tls' JSON='$(abspath $(O))/bench.json' tests/bench/run $(BENCH)

# Where that goes, beside an older build when BEFORE names one; a build with CONFIG_DEBUG is told apart better. It needs perf.
profile: all
	@BEFORE='$(BEFORE)' /usr/bin/python3 tests/bench/profile '$(or $(BENCH),$(abspath $(O))/s6-tls)' docs

# What the memory of an idle connection is, of builds as for bench
footprint: all
	@/usr/bin/python3 tests/bench/footprint docs $(or $(BENCH),s6-tls='$(abspath $(O))/s6-tls')

# What trust anchors cost a client, of builds as for bench
anchors: all
	@/usr/bin/python3 tests/bench/anchors docs $(or $(BENCH),s6-tls='$(abspath $(O))/s6-tls')

# What the configurations weigh, compared with docs/sizes.md; SAVE=1 writes that
size:
	@O='$(abspath $(O))' SAVE='$(SAVE)' MODULES='$(MODULES)' /usr/bin/python3 -B tests/size/size.py docs/sizes.md $(CONFIGS)

# Builds of other versions of wolfSSL, compilers and C libraries, each tried
matrix:
	@O='$(abspath $(O))' VERSIONS='$(VERSIONS)' CONFIGS='$(CONFIGS)' COMPILERS='$(COMPILERS)' LIBCS='$(LIBCS)' \
		TARGETS='$(TARGETS)' SAMPLE='$(SAMPLE)' /usr/bin/python3 -B tests/builds/builds.py docs/build-matrix.md

# The recipes of build/packaging
package:
	@/usr/bin/python3 -B -m pytest -q -p no:cacheprovider tests/package

randcheck:
	@O='$(abspath $(O))' sh tests/randcheck $(or $(FIRST),1) $(or $(SEEDS),3)

help::
	@echo 'make unit               build the unit tests'
	@echo 'make check              run all tests; T="unit", "wire", "quick" or names of tests: only those'
	@echo '                        SANITIZE=1, VALGRIND=1: watched by those; SAMPLE=n: each n-th; NO_SKIP=1: none may be skipped'
	@echo '                        CROSS_COMPILE=prefix: on another machine, by EXEC_WRAPPER=qemu-mips, say'
	@echo 'make lint               compilers, analysers and style: no finding'
	@echo 'make model              check the model of the relay with Spin, and that it sees its rules broken'
	@echo 'make coverage           as check, in $(O)-coverage; and which lines that reaches, against docs/coverage.md'
	@echo 'make interop            other TLS clients and servers against the applets, compared with docs/interop.md'
	@echo 'make load               10,000 connections through s6-tlsserver, or CONNECTIONS=n'
	@echo 'make bench              what a connection costs, beside stunnel, socat and plain TCP: ROUNDS=5 COUNT=200 BENCH="name=binary ..."'
	@echo 'make profile            where that goes, with perf, into docs/benchmarks.md: COUNT=250 BENCH=binary BEFORE=binary'
	@echo 'make anchors            what trust anchors cost s6-tlsc, likewise'
	@echo 'make footprint          what the memory of an idle connection is, likewise: BENCH="name=binary ..."'
	@echo 'make size               bytes of each configuration and module, against docs/sizes.md: CONFIGS="tiny static"; SAVE=1'
	@echo 'make matrix             other versions of wolfSSL, compilers and C libraries: VERSIONS= CONFIGS= COMPILERS= LIBCS= TARGETS='
	@echo 'make package            what build/packaging has recipes for: the Debian package is built, looked at, installed and used'
	@echo 'make randcheck          build and try configurations chosen at random: SEEDS=3 of them, numbered from FIRST=1'
