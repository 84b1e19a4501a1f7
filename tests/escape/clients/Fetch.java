import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/** Asks for each URL with both of Java's own clients, which know no proxy; prints a line of JSON: bodies or failures. */
public class Fetch {
    public static void main(String[] urls) {
        List<String> outcomes = new ArrayList<>();
        for (String url : urls) {
            outcomes.add(outcome(() -> HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString()).body()));
            outcomes.add(outcome(() -> {
                HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
                return new String(connection.getInputStream().readAllBytes());
            }));
        }
        System.out.println("[" + String.join(",", outcomes) + "]");
    }

    interface Attempt {
        String body() throws Exception;
    }

    static String outcome(Attempt attempt) {
        try {
            return quoted(attempt.body());
        } catch (Exception failure) {
            return quoted(failure.getClass().getSimpleName() + ": " + failure.getMessage());
        }
    }

    static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
}
