#include "desk/tab.h"

enum tab_state tab_next(enum tab_state s, enum tab_event ev)
{
    switch (ev) {
    case TAB_WORKS: return s == TAB_NEW ? TAB_OPENING : s == TAB_FREE ? TAB_BUSY : s;
    case TAB_DONE: return TAB_FREE;
    case TAB_ASKED: return TAB_BUSY;
    }
    return s;
}

bool tab_works(enum tab_state s)
{
    return s == TAB_OPENING || s == TAB_BUSY;
}

bool tab_takes(enum tab_state s)
{
    return s != TAB_BUSY;
}

bool tab_opened(enum tab_state s)
{
    return s == TAB_FREE || s == TAB_BUSY;
}
