// Read what a Minshan hub passes on, as an example. With Debian's libjackson2-databind-java:
//
//     cd /usr/share/java; java -cp jackson-core.jar:jackson-annotations.jar:jackson-databind.jar Decoder.java < messages
//
// One message a line: a request of http-json, or a message of mqtt-json with its usual names. Prints each record once,
// in its latest revision, with the values that are good.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public class Decoder {
    static final ObjectMapper JSON = new ObjectMapper();

    // Put a message's records into a table. (station, epoch, seq) names a record; a higher revision replaces it.
    static void keep(Map<List<Object>, JsonNode> table, JsonNode message) {
        for (JsonNode record : message.has("records") ? message.get("records") : List.of(message)) {
            List<Object> key = List.of(
                record.get("station").asText(), record.get("epoch").asText(), record.get("seq").asLong());
            JsonNode there = table.get(key);
            if (there == null || there.get("revision").asLong() < record.get("revision").asLong()) {
                table.put(key, record);
            }
        }
    }

    // Return the values that may be used without a second look.
    static ObjectNode good(JsonNode record) {
        ObjectNode found = JSON.createObjectNode();
        JsonNode named = record.has("channels") ? record.get("channels") : record;
        named.fieldNames().forEachRemaining(name -> {
            boolean nested = record.has("channels");
            String word = nested ? named.get(name).get("quality").asText() : record.path(name + "_quality").asText();
            if (word.equals("good")) {
                found.set(name, nested ? named.get(name).get("value") : record.get(name));
            }
        });
        return found;
    }

    public static void main(String[] arguments) throws Exception {
        Map<List<Object>, JsonNode> records = new LinkedHashMap<>();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (!line.isBlank()) keep(records, JSON.readTree(line));
        }
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (Map.Entry<List<Object>, JsonNode> one : records.entrySet()) {
            ObjectNode told = JSON.createObjectNode();
            told.set("key", JSON.valueToTree(one.getKey()));
            told.set("revision", one.getValue().get("revision"));
            told.set("start_us", one.getValue().get("start_us")); // microseconds since 1970 UTC; null: not known yet
            told.set("good", good(one.getValue()));
            out.println(JSON.writeValueAsString(told));
        }
    }
}
