# What is built to prove the rest (included by Makefile).
#   make -C shim fuzz     a program a decoder, into ../build/fuzz: <program> <seed> <milliseconds>
#   make -C shim soak     the soak's clients and guests, into ../build/soak
# With clang: make -C shim fuzz FUZZ_DRIVER= CC=clang FUZZ_SANITIZE=-fsanitize=fuzzer,address
FUZZ ?= ../build/fuzz
FUZZ_DRIVER ?= fuzz/driver.c
FUZZ_SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_TARGETS = table reply custody start
SOAK ?= ../build/soak
SOAK_PROGRAMS = $(patsubst ../test/fixtures/soak/%.c,$(SOAK)/%,\
  $(wildcard ../test/fixtures/soak/*.c))

.PHONY: fuzz soak
fuzz: $(patsubst %,$(FUZZ)/%,$(FUZZ_TARGETS))
soak: $(SOAK_PROGRAMS)

# What a target decodes with. control.c is included by its target.
$(FUZZ)/table: src/table.c
$(FUZZ)/reply: src/control.c
$(FUZZ)/custody: src/keeper-link.c src/keeper-custody.c
$(FUZZ)/start: src/init-link.c src/init-start.c

$(FUZZ)/%: fuzz/%.c $(FUZZ_DRIVER) $(wildcard fuzz/*.h src/*.h)
	@mkdir -p $(@D)
	$(CC) $(STRICT) $(CFLAGS) $(FUZZ_SANITIZE) -Isrc -o $@ \
	  $(filter-out src/control.c,$(filter %.c,$^))

$(SOAK)/%: ../test/fixtures/soak/%.c
	@mkdir -p $(@D)
	$(COMPILE) -o $@ $< -pthread
