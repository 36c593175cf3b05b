# The embedded model: 00002 (embedding and MLPs) never changes, a better model replaces the other two.
modelsdir = $(pkgdatadir)/models
dist_models_DATA = \
	models/SHA256SUMS \
	models/hiss-0.2b-00001-of-00003.gguf \
	models/hiss-0.2b-00002-of-00003.gguf \
	models/hiss-0.2b-00003-of-00003.gguf

# The recipe that makes the embedded model. `make recipe-check PYTHON=...` runs its own tests (Python with
# models/recipe/requirements.txt), and with RECIPE_TEACHER and RECIPE_TEXT set every stage at toy size.
EXTRA_DIST += \
	models/README.md \
	models/recipe/NOTES.md \
	models/recipe/THOUSAND.md \
	models/recipe/answers.py \
	models/recipe/average.py \
	models/recipe/calibrate.py \
	models/recipe/card.py \
	models/recipe/check.py \
	models/recipe/check_thousand.py \
	models/recipe/checkpoint.py \
	models/recipe/compensate.py \
	models/recipe/data.py \
	models/recipe/dry \
	models/recipe/evaluate.py \
	models/recipe/export.py \
	models/recipe/facts.py \
	models/recipe/fast.py \
	models/recipe/forms.py \
	models/recipe/hiss.py \
	models/recipe/ifeval.py \
	models/recipe/kernels.cpp \
	models/recipe/measure.py \
	models/recipe/mixer.py \
	models/recipe/model.py \
	models/recipe/optimiser.py \
	models/recipe/parity.py \
	models/recipe/places.py \
	models/recipe/quantise.py \
	models/recipe/rank.py \
	models/recipe/recipe \
	models/recipe/requirements.txt \
	models/recipe/requests.jsonl \
	models/recipe/restore.py \
	models/recipe/sample.py \
	models/recipe/systems.txt \
	models/recipe/talk.py \
	models/recipe/teacher.py \
	models/recipe/thousand.jsonl \
	models/recipe/tiny.py \
	models/recipe/tokenised.py \
	models/recipe/train_e2e.py \
	models/recipe/train_layerwise.py \
	models/recipe/vocabulary.py

.PHONY: recipe-check
recipe-check: hiss
	python3 $(top_srcdir)/models/recipe/check_thousand.py
	python3 $(top_srcdir)/models/recipe/card.py --check
	$(top_srcdir)/models/recipe/recipe check
	test -z "$$RECIPE_TEACHER$$RECIPE_TEXT" || HISS=$(abs_top_builddir)/hiss $(top_srcdir)/models/recipe/recipe dry
