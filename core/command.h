/* command: a command line that is being put together, word by word.
 * Executes nothing, and knows no program and no option. */

#ifndef COMMAND_H
#define COMMAND_H

#include <skalibs/genalloc.h>

/* All zero is an empty one. Each word is a copy, the command's own. */
struct command {
    genalloc words; /* char * */
    int failed;     /* there was no memory for a word */
};

void command_add(struct command *c, char const *word);
void command_add_all(struct command *c, char const *const *words);

/* An option and its number in one word: -v2 */
void command_add_number(struct command *c, char const *option, unsigned int n);

/* The words and a NULL, valid until the next call; or NULL when memory ran out at any time. */
char const *const *command_argv(struct command *c);

void command_free(struct command *c);

#endif
