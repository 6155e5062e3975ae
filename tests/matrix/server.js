// server: answers requests over one version of TLS with a file; prints its port when it listens.
// Arguments: version, key, certificate, the file.
'use strict';
const fs = require('fs');
const https = require('https');
const [version, key, cert, file] = process.argv.slice(2);

const body = fs.readFileSync(file);
const server = https.createServer({
    key: fs.readFileSync(key), cert: fs.readFileSync(cert), minVersion: version, maxVersion: version,
}, (request, response) => {
    response.writeHead(200, {'Content-Length': body.length, 'Connection': 'close'});
    response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
