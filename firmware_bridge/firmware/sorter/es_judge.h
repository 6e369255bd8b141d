#ifndef ES_JUDGE_H
#define ES_JUDGE_H

#include "es_parts.h"

/* Say what becomes of a part, plan its gate if that is what becomes of it, and tell. From the tick. */
void es_judge(const struct es_part *part);

#endif
