noinst_LIBRARIES += src/model/libmodel.a
src_model_libmodel_a_SOURCES = \
	src/model/gguf.c src/model/gguf.h \
	src/model/gguf_parse.c src/model/gguf_parse.h \
	src/model/gguf_value.c \
	src/model/config.c src/model/config.h
