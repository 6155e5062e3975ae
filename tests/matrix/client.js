// client: fetches /body over one version of TLS and prints the whole answer.
// Arguments: port, version, the file of the trust anchor.
'use strict';
const fs = require('fs');
const tls = require('tls');
const [port, version, ca] = process.argv.slice(2);

const socket = tls.connect({
    host: 'localhost', port, servername: 'localhost', ca: fs.readFileSync(ca),
    minVersion: version, maxVersion: version,
}, () => socket.write('GET /body HTTP/1.0\r\nHost: localhost\r\n\r\n'));
socket.pipe(process.stdout);
socket.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
