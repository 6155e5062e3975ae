// Server: answers one request over one version of TLS with a file; prints its port when it listens.
// Arguments: version, key and certificate (PKCS#12 without a password to speak of), the file.

import java.io.FileInputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

class Server {
    static final char[] PASSWORD = "changeit".toCharArray();

    static SSLContext identified(String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(file)) {
            store.load(in, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    static void readRequest(SSLSocket socket) throws Exception {
        StringBuilder request = new StringBuilder();
        while (request.indexOf("\r\n\r\n") < 0) {
            int c = socket.getInputStream().read();
            if (c < 0) throw new Exception("no request");
            request.append((char) c);
        }
    }

    public static void main(String[] args) throws Exception {
        byte[] body = Files.readAllBytes(Path.of(args[2]));
        SSLContext context = identified(args[1]);
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        try (SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 5, loopback)) {
            listener.setEnabledProtocols(new String[] {args[0]});
            System.out.println(listener.getLocalPort());
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                readRequest(socket);
                OutputStream out = socket.getOutputStream();
                String head = "HTTP/1.0 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n";
                out.write(head.getBytes(StandardCharsets.US_ASCII));
                out.write(body);
                out.flush();
            }
        }
    }
}
