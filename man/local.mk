dist_man_MANS += \
	man/hiss.1 \
	man/hiss-ask.1 \
	man/hiss-bench.1 \
	man/hiss-chat.1 \
	man/hiss-chat.5 \
	man/hiss-chats.1 \
	man/hiss-logits.1 \
	man/hiss-models.1 \
	man/hiss-perplexity.1 \
	man/hiss-replay.1 \
	man/hiss-tokenize.1
dist_man_MANS += man/hissrc.5
EXTRA_DIST += man/tables.sh
