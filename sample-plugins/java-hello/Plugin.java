/* An Outrigger plugin without an SDK, in one Java source file: one JSON message a line on stdin and stdout. stderr is the log. */
import static java.nio.charset.StandardCharsets.UTF_8;
import java.io.*;
import java.util.*;
import java.util.regex.*;

class Plugin {
  static final Pattern TOKEN = Pattern.compile("\"(?:[^\"\\\\]++|\\\\.)*+\"|[{}\\[\\]:,]|[^\\s{}\\[\\]:,\"]++");

  /** Path to value of what is in a message, as it came: a text keeps its quotes. The JDK has no JSON parser. */
  static Map<String, String> valuesOf(String line) {
    var values = new HashMap<String, String>();
    var path = new ArrayDeque<String>(List.of(""));
    String last = "", key = "";
    for (Matcher token = TOKEN.matcher(line.startsWith("{") ? line : ""); token.find() && !path.isEmpty(); last = token.group()) {
      String now = token.group();
      if (now.equals(":")) key = path.peek() + '/' + last.replace("\"", "");
      else if ("{[".contains(now)) path.push(key);
      else if (",]}".contains(now) && last.matches("[^{}\\[\\],:].*")) values.put(key, last);
      if ("]}".contains(now)) path.pop();
    }
    return values;
  }

  static String answer(String method, Map<String, String> request) {
    if (!method.matches("\"(hook/invoke|initialize|ping|shutdown)\""))
      return "\"error\":{\"code\":-32601,\"message\":\"Cannot handle \\" + method.replaceAll("\"$", "") + "\\\": this plugin has no such method\"}";
    if (!request.getOrDefault("/params/hook", "").equals("\"conda.pre_command\"")) return "\"result\":{}";
    System.err.println("about to run " + request.get("/params/payload/command"));
    return "\"result\":{\"action\":\"modify\",\"changes\":{\"env\":{\"HELLO_JAVA\":\"from Java " + Runtime.version().feature() + "\"}}}";
  }

  public static void main(String[] args) {
    var out = new PrintStream(System.out, true, UTF_8);
    new BufferedReader(new InputStreamReader(System.in, UTF_8)).lines().map(Plugin::valuesOf)
        .takeWhile(request -> !"\"exit\"".equals(request.get("/method"))).filter(request -> request.keySet().containsAll(List.of("/id", "/method")))
        .forEach(request -> out.print("{\"jsonrpc\":\"2.0\",\"id\":" + request.get("/id") + ',' + answer(request.get("/method"), request) + "}\n"));
  }
}
