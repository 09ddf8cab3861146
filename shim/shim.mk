# The preload library (included by Makefile). Links libc alone, and nothing in it newer than 2.26.
#   make -C shim $(OUT)/libim-shim.so   what guests are started with
#   make -C shim fixtures               small C programs that test/shim runs, into ../build/fixtures
#   make -C shim SANITIZE=1 fixtures    the table reader's test under ASan and UBSan
FIXTURES ?= ../build/fixtures

SHIM_SOURCES = accept addresses bind connect context control datagram \
  datagram-control datagram-options datagram-receive descriptor-state \
  descriptors endpoint environment epoll handover hostent identity listen listener names \
  options outside overlay procfs real socket-options sockets spawn table table-map text
SHIM_OBJECTS = $(patsubst %,$(OUT)/obj/shim/%.o,$(SHIM_SOURCES))
FIXTURE_SOURCES = $(wildcard ../test/fixtures/shim/*.c)
FIXTURE_PROGRAMS = $(patsubst ../test/fixtures/shim/%.c,$(FIXTURES)/%,$(FIXTURE_SOURCES))
PROCESS_FIXTURES = $(patsubst ../test/fixtures/process/%.c,$(FIXTURES)/process/%,\
  $(wildcard ../test/fixtures/process/*.c))
BENCH_PROGRAMS = $(FIXTURES)/bench/echo $(FIXTURES)/bench/client

# What a guest brings along in LD_PRELOAD.
PRELOADED = $(patsubst ../test/fixtures/preload/%.c,$(FIXTURES)/process/%.so,\
  $(wildcard ../test/fixtures/preload/*.c))

.PHONY: fixtures
all: $(OUT)/libim-shim.so
fixtures: $(FIXTURE_PROGRAMS) $(PROCESS_FIXTURES) $(PRELOADED) $(BENCH_PROGRAMS)

# Under ASan the symbols of its runtime come from the process: preload libasan.so before this.
DEFINED = $(if $(SANITIZE),-fsanitize=address$(comma)undefined,-Wl$(comma)-z$(comma)defs)
comma := ,

# libdl: where dlsym was before glibc 2.34; an empty library since.
$(OUT)/libim-shim.so: $(SHIM_OBJECTS) $(OUT)/obj/shim/exports.map
	$(CC) -shared -o $@.new $(SHIM_OBJECTS) $(LDFLAGS) $(DEFINED) -Wl,-z,now -Wl,-z,nodelete \
	  -Wl,--version-script=$(OUT)/obj/shim/exports.map -Wl,--no-as-needed -l:libdl.so.2
	mv $@.new $@

$(OUT)/obj/shim/exports.map: src/wrapped.def
	@mkdir -p $(@D)
	{ echo '{ global:'; \
	  sed -nE 's/^WRAPPED\([^,]*, ([a-z0-9_]+),.*/  \1;/p' $<; \
	  echo 'local: *; };'; } > $@

$(OUT)/obj/shim/%.o: src/%.c Makefile shim.mk
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -c -o $@ $<

$(FIXTURES)/%: ../test/fixtures/shim/%.c src/table.c
	@mkdir -p $(@D)
	$(COMPILE) -Isrc -o $@ $< $(if $(findstring table,$*),src/table.c) -pthread

$(FIXTURES)/process/%: ../test/fixtures/process/%.c
	@mkdir -p $(@D)
	$(COMPILE) -o $@ $< -pthread

$(FIXTURES)/bench/client: ../bench/programs/client-herd.c ../bench/programs/client-held.c \
    ../bench/programs/client.h
$(FIXTURES)/bench/%: ../bench/programs/%.c
	@mkdir -p $(@D)
	$(COMPILE) -o $@ $(filter %.c,$^)

$(FIXTURES)/process/%.so: ../test/fixtures/preload/%.c
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -o $@ $<

-include $(SHIM_OBJECTS:.o=.d)
