/* An Outrigger plugin without an SDK, in C and nothing else: one JSON message a line on stdin and stdout. stderr is the log. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#define HELLO "{\"action\":\"modify\",\"changes\":{\"env\":{\"HELLO_C\":\"from C\"}}}"
typedef struct { const char *at; int length; } text; /* a piece of the line as it came, quotes included */
typedef struct { text id, method, hook; } message;

static int is(text piece, const char *want) { return piece.length == (int)strlen(want) && !memcmp(piece.at, want, strlen(want)); }
/* Three members out of a line of JSON, in one walk that knows quotes and nesting. */
static message read_message(const char *at) {
  text last = { at, 0 }, keys[3] = { last, last, last };
  message found = { last, last, last };
  for (int depth = 0; *at; at++) {
    const char *start = at;
    if (*at == '"') for (at++; *at && *at != '"'; at++) at += *at == '\\' && at[1];
    else at += strcspn(at, " \t\r\n,:{}[]\"");
    if (at > start) last = (text){ start, (int)(at - start) + (*start == '"') };
    if (!*at) break;
    if (*at == ':' && depth < 3) keys[depth] = last;
    if (strchr(",}", *at) && depth == 1 && is(keys[1], "\"id\"")) found.id = last;
    if (strchr(",}", *at) && depth == 1 && is(keys[1], "\"method\"")) found.method = last;
    if (strchr(",}", *at) && depth == 2 && is(keys[1], "\"params\"") && is(keys[2], "\"hook\"")) found.hook = last;
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
  }
  return found;
}
int main(void) {
  char *line = 0;
  for (size_t size = 0; getline(&line, &size, stdin) > 0; fflush(stdout)) {
    message m = read_message(line);
    if (is(m.method, "\"exit\"")) break;
    if (!m.id.length || !m.method.length) continue;
    printf("{\"jsonrpc\":\"2.0\",\"id\":%.*s,", m.id.length, m.id.at);
    if (is(m.method, "\"hook/invoke\"") || is(m.method, "\"initialize\"") || is(m.method, "\"ping\"") || is(m.method, "\"shutdown\""))
      printf("\"result\":%s}\n", is(m.hook, "\"conda.pre_command\"") ? HELLO : "{}");
    else
      printf("\"error\":{\"code\":-32601,\"message\":\"Cannot handle \\%.*s\\\": this plugin has no such method\"}}\n", m.method.length - 1, m.method.at);
  }
}
