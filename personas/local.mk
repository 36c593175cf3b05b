personasdir = $(pkgdatadir)/personas
dist_personas_DATA = personas/editor.md personas/storyteller.md personas/translator.md personas/tutor.md personas/shell.md
