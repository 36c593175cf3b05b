UI_PANELS = \
	src/ui/panel.c src/ui/panel.h src/ui/panel_draw.c src/ui/act_panel.c \
	src/ui/panel_chats.c src/ui/panel_models.c src/ui/panel_settings.c src/ui/panel_presets.c \
	src/ui/panel_personas.c src/ui/panel_help.c src/ui/panel_log.c
noinst_LIBRARIES += src/ui/libui.a
src_ui_libui_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(NCURSES_CFLAGS) $(READLINE_CFLAGS) $(UTF8PROC_CFLAGS) $(MD4C_CFLAGS)
src_ui_libui_a_SOURCES = $(UI_PANELS) \
	src/ui/complete.c src/ui/complete.h \
	src/ui/composer.c src/ui/composer.h src/ui/composer_draw.c src/ui/composer_parts.h \
	src/ui/action.c src/ui/action.h src/ui/action.def \
	src/ui/keymap.c src/ui/keymap.h \
	src/ui/transcript.c src/ui/transcript.h \
	src/ui/transcript_find.c \
	src/ui/transcript_parts.h \
	src/ui/frame.c \
	src/ui/status.c src/ui/status.h src/ui/single.c src/ui/single.h src/ui/foot.c src/ui/foot.h \
	src/ui/act_talk.c src/ui/act_move.c \
	src/ui/draft.c src/ui/draft.h \
	src/ui/editor.c src/ui/editor.h src/ui/theme_file.h \
	src/ui/welcome.c src/ui/welcome.h \
	src/ui/replay.c src/ui/replay.h \
	src/ui/act_chat.c \
	src/ui/act_settings.c \
	src/ui/theme_file.c \
	src/ui/loop.c src/ui/loop.h \
	src/ui/events.c \
	src/ui/recall.c src/ui/recall.h src/ui/run.c src/ui/run.h \
	src/ui/script.c src/ui/script.h \
	src/ui/lines.c src/ui/lines.h \
	src/ui/lines_command.c \
	src/ui/lines_parts.h \
	src/ui/app.c src/ui/app.h
