/* children: which processes serve which hosts; the header says it. */

#include "tcp/children.h"

#include <string.h>

#include <skalibs/alloc.h>

struct host {
    unsigned char key[ADDR_KEY];
    uint32_t n; /* of its children; a host without any is forgotten */
};

struct child {
    pid_t pid;
    uint32_t host; /* the number of its record */
};

/* What tells two records apart is what they begin with, so the record is its own key. */
static void *key_of(uint32_t i, void *records) {
    return genset_p(void, (genset *)records, i);
}

static int compare_pids(void const *a, void const *b, void *records) {
    pid_t x = *(pid_t const *)a, y = *(pid_t const *)b;
    (void)records;
    return (x > y) - (x < y);
}

static int compare_hosts(void const *a, void const *b, void *records) {
    (void)records;
    return memcmp(a, b, ADDR_KEY);
}

static void table_free(struct children_table *t) {
    alloc_free(t->records.storage);
    alloc_free(t->records.freelist);
    alloc_free(t->index.x.storage);
    alloc_free(t->index.x.freelist);
}

static int table_init(struct children_table *t, uint32_t size, uint32_t max, cmp_func *compare) {
    void *records = alloc((size_t)max * size);
    avlnode *nodes = alloc(max * sizeof *nodes);
    uint32_t *free_records = alloc(max * sizeof *free_records);
    uint32_t *free_nodes = alloc(max * sizeof *free_nodes);
    if (!records || !nodes || !free_records || !free_nodes) {
        alloc_free(records);
        alloc_free(nodes);
        alloc_free(free_records);
        alloc_free(free_nodes);
        return -1;
    }
    genset_init(&t->records, records, free_records, size, max);
    avltreen_init(&t->index, nodes, free_nodes, max, key_of, compare, &t->records);
    return 0;
}

int children_init(struct children *c, uint32_t max) {
    if (table_init(&c->pids, sizeof(struct child), max, compare_pids) < 0) return -1;
    if (table_init(&c->hosts, sizeof(struct host), max, compare_hosts) == 0) return 0;
    table_free(&c->pids);
    return -1;
}

void children_free(struct children *c) {
    table_free(&c->pids);
    table_free(&c->hosts);
}

static struct host *host_at(struct children const *c, uint32_t i) {
    return genset_p(struct host, &c->hosts.records, i);
}

static struct child *child_at(struct children const *c, uint32_t i) {
    return genset_p(struct child, &c->pids.records, i);
}

uint32_t children_count(struct children const *c) {
    return genset_n(&c->pids.records);
}

uint32_t children_of(struct children const *c, unsigned char const key[ADDR_KEY]) {
    uint32_t i;
    return avltreen_search(&c->hosts.index, key, &i) ? host_at(c, i)->n : 0;
}

/* There are never more hosts than children: where there is room for a child, there is for its host. */
static uint32_t find_or_add_host(struct children *c, unsigned char const key[ADDR_KEY]) {
    uint32_t i;
    if (avltreen_search(&c->hosts.index, key, &i)) return i;
    i = genset_new(&c->hosts.records);
    memcpy(host_at(c, i)->key, key, ADDR_KEY);
    host_at(c, i)->n = 0;
    avltreen_insert(&c->hosts.index, i);
    return i;
}

uint32_t children_add(struct children *c, pid_t pid, unsigned char const key[ADDR_KEY]) {
    uint32_t host = find_or_add_host(c, key);
    uint32_t i = genset_new(&c->pids.records);
    *child_at(c, i) = (struct child){.pid = pid, .host = host};
    avltreen_insert(&c->pids.index, i);
    return ++host_at(c, host)->n;
}

static void remove_record(struct children_table *t, uint32_t i) {
    avltreen_delete(&t->index, key_of(i, &t->records)); /* it reads the record: before that goes */
    genset_delete(&t->records, i);
}

int children_remove(struct children *c, pid_t pid, unsigned char key[ADDR_KEY]) {
    uint32_t i;
    if (!avltreen_search(&c->pids.index, &pid, &i)) return 0;
    uint32_t host = child_at(c, i)->host;
    memcpy(key, host_at(c, host)->key, ADDR_KEY);
    remove_record(&c->pids, i);
    if (!--host_at(c, host)->n) remove_record(&c->hosts, host);
    return 1;
}

struct visit {
    struct children const *children;
    void (*f)(pid_t, void *);
    void *data;
};

static int visit_one(uint32_t i, unsigned int depth, void *data) {
    struct visit *v = data;
    (void)depth;
    v->f(child_at(v->children, i)->pid, v->data);
    return 1;
}

void children_each(struct children const *c, void (*f)(pid_t, void *), void *data) {
    struct visit v = {.children = c, .f = f, .data = data};
    (void)avltreen_iter(&c->pids.index, visit_one, &v); /* visits all: no visit ends it */
}
