noinst_LIBRARIES += src/model/libmodel.a
src_model_libmodel_a_SOURCES = \
	src/model/gguf.c src/model/gguf.h \
	src/model/gguf_parse.c src/model/gguf_parse.h \
	src/model/gguf_value.c \
	src/model/config.c src/model/config.h \
	src/model/weights.c src/model/layer.h \
	src/model/pack.c \
	src/model/state.c src/model/rows.c \
	src/model/model.c src/model/model.h \
	src/model/forward.c src/model/forward.h \
	src/model/linear.c \
	src/model/mamba.c \
	src/model/mamba2.c \
	src/model/attn.c \
	src/model/mlp.c
