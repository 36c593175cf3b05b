noinst_LIBRARIES += src/chat/libchat.a
src_chat_libchat_a_SOURCES = \
	src/chat/compact.c src/chat/compact.h \
	src/chat/conv.c src/chat/conv.h \
	src/chat/conv_ask.c \
	src/chat/conv_parts.h \
	src/chat/conv_plan.c \
	src/chat/conv_turn.c \
	src/chat/event.c src/chat/event.h \
	src/chat/event_json.h \
	src/chat/event_read.c \
	src/chat/event_write.c \
	src/chat/journal.c src/chat/journal.h \
	src/chat/persona.c src/chat/persona.h \
	src/chat/persona_list.c \
	src/chat/place.c src/chat/place.h \
	src/chat/store.c src/chat/store.h \
	src/chat/store_files.c src/chat/store_files.h \
	src/chat/tree.c src/chat/tree.h \
	src/chat/tree_apply.c \
	src/chat/tree_parts.h \
	src/chat/tree_words.c \
	src/chat/verify.c src/chat/verify.h \
	src/chat/writer.c src/chat/writer.h
src_chat_libchat_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
