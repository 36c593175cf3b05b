themesdir = $(pkgdatadir)/themes
dist_themes_DATA = themes/dark.theme themes/default.theme themes/high-contrast.theme themes/light.theme themes/mono.theme
