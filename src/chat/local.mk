noinst_LIBRARIES += src/chat/libchat.a
src_chat_libchat_a_SOURCES =
src_chat_libchat_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
