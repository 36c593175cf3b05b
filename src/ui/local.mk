UI_PANELS = \
	src/ui/settings.c src/ui/settings.h \
	src/ui/panel.c src/ui/panel.h src/ui/panel_draw.c src/ui/act_panel.c \
	src/ui/panel_chats.c src/ui/panel_models.c src/ui/panel_settings.c src/ui/panel_presets.c \
	src/ui/panel_personas.c src/ui/panel_help.c src/ui/panel_log.c
noinst_LIBRARIES += src/ui/libui.a
src_ui_libui_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(NCURSES_CFLAGS) $(READLINE_CFLAGS) $(UTF8PROC_CFLAGS) $(MD4C_CFLAGS)
src_ui_libui_a_SOURCES = $(UI_PANELS) \
	src/ui/key.c src/ui/key.h \
	src/ui/input.c src/ui/input.h \
	src/ui/term.c src/ui/term.h \
	src/ui/theme.c src/ui/theme.h \
	src/ui/cells.c src/ui/cells.h \
	src/ui/layout.c src/ui/layout.h \
	src/ui/markup.c \
	src/ui/complete.c src/ui/complete.h \
	src/ui/composer.c src/ui/composer.h src/ui/composer_draw.c src/ui/composer_parts.h \
	src/ui/action.c src/ui/action.h src/ui/action.def \
	src/ui/keymap.c src/ui/keymap.h \
	src/ui/shown.c src/ui/shown.h \
	src/ui/transcript.c src/ui/transcript.h \
	src/ui/transcript_find.c \
	src/ui/transcript_parts.h \
	src/ui/find.c src/ui/find.h \
	src/ui/frame.c \
	src/ui/status.c src/ui/status.h src/ui/single.c src/ui/single.h src/ui/foot.c src/ui/foot.h \
	src/ui/act_talk.c src/ui/act_move.c \
	src/ui/draft.c src/ui/draft.h \
	src/ui/editor.c src/ui/editor.h src/ui/theme_file.h \
	src/ui/welcome.c src/ui/welcome.h \
	src/ui/number.c src/ui/number.h \
	src/ui/replay.c src/ui/replay.h \
	src/ui/act_chat.c \
	src/ui/act_settings.c \
	src/ui/preset.c src/ui/preset.h \
	src/ui/theme_file.c \
	src/ui/loop.c src/ui/loop.h \
	src/ui/events.c \
	src/ui/desk.c src/ui/desk_models.c src/ui/desk_ask.c src/ui/desk_chat.c src/ui/desk_shown.c src/ui/desk_replay.c src/ui/desk_list.c src/ui/desk_parts.h \
	src/ui/run.c src/ui/run.h \
	src/ui/script.c src/ui/script.h \
	src/ui/dump.c src/ui/dump.h \
	src/ui/lines.c src/ui/lines.h \
	src/ui/lines_command.c \
	src/ui/lines_parts.h \
	src/ui/tab.c src/ui/tab.h \
	src/ui/app.c src/ui/app.h src/ui/desk.h
