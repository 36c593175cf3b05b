EXTRA_DIST += tests/data/tiny_bpe.json tests/data/make_tiny_bpe.py
TOKEN_TESTS = tests/unit/test_pretok tests/unit/test_bpe tests/unit/test_tok tests/unit/test_spm tests/unit/test_vocabs \
	tests/unit/test_jinja tests/unit/test_jinja_models tests/unit/test_template
check_PROGRAMS += $(TOKEN_TESTS)
TESTS += $(TOKEN_TESTS)
TOKEN_CPPFLAGS = $(UNIT_CPPFLAGS) $(CJSON_CFLAGS)
TOKEN_LIBS = $(LIBS_TOKEN) $(UNIT_LIBS) $(CJSON_LIBS)
VOCAB_JSON = tests/lib/vocab_json.c tests/lib/vocab_json.h
VOCAB_GGUF = tests/lib/vocab_from_gguf.c tests/lib/vocab_from_gguf.h
tests_unit_test_pretok_SOURCES = tests/unit/test_pretok.c
tests_unit_test_pretok_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_pretok_LDADD = $(TOKEN_LIBS)
tests_unit_test_bpe_SOURCES = tests/unit/test_bpe.c $(VOCAB_JSON)
tests_unit_test_bpe_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_bpe_LDADD = $(TOKEN_LIBS)
tests_unit_test_tok_SOURCES = tests/unit/test_tok.c $(VOCAB_JSON)
tests_unit_test_tok_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_tok_LDADD = $(TOKEN_LIBS)
tests_unit_test_spm_SOURCES = tests/unit/test_spm.c
tests_unit_test_spm_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_spm_LDADD = $(TOKEN_LIBS)
tests_unit_test_vocabs_SOURCES = tests/unit/test_vocabs.c $(VOCAB_GGUF) $(VOCAB_JSON)
tests_unit_test_vocabs_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_vocabs_LDADD = src/model/libmodel.a $(TOKEN_LIBS)
tests_unit_test_jinja_SOURCES = tests/unit/test_jinja.c
tests_unit_test_jinja_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_jinja_LDADD = $(TOKEN_LIBS)
tests_unit_test_jinja_models_SOURCES = tests/unit/test_jinja_models.c $(VOCAB_JSON)
tests_unit_test_jinja_models_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_jinja_models_LDADD = $(TOKEN_LIBS)
tests_unit_test_template_SOURCES = tests/unit/test_template.c $(VOCAB_JSON)
tests_unit_test_template_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_unit_test_template_LDADD = $(TOKEN_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_jinja
TESTS += tests/fuzz/fuzz_jinja
tests_fuzz_fuzz_jinja_SOURCES = tests/fuzz/fuzz_jinja.c
tests_fuzz_fuzz_jinja_LDADD = $(LIBS_TOKEN)
# make parity-tokenizer MODEL=FILE.gguf PYTHON=...: beside transformers; not part of check.
check_PROGRAMS += tests/parity/tokenizer_lines
EXTRA_DIST += tests/parity/tokenizer.py
tests_parity_tokenizer_lines_SOURCES = tests/parity/tokenizer_lines.c $(VOCAB_GGUF) $(VOCAB_JSON)
tests_parity_tokenizer_lines_CPPFLAGS = $(TOKEN_CPPFLAGS)
tests_parity_tokenizer_lines_LDADD = src/model/libmodel.a $(TOKEN_LIBS)
parity-tokenizer: tests/parity/tokenizer_lines$(EXEEXT)
	$(PYTHON) $(srcdir)/tests/parity/tokenizer.py $(MODEL) tests/parity/tokenizer_lines$(EXEEXT)
.PHONY: parity-tokenizer
