// A mail server that keeps what it is handed: with STARTTLS, under a certificate of its own, and only from who signs in.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { SMTPServer } from "smtp-server";

const LOGIN = { username: "tollgate", password: "the mail server's" };

/** Starts a mail server; `env` is what a gateway that sends by it is told. */
export async function startMail() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "tollgate-mail-"));
  const [key, certificate] = ["key.pem", "certificate.pem"].map((name) => path.join(folder, name));
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
      .concat(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
      .concat(["-keyout", key, "-out", certificate]),
    { stdio: "ignore" },
  );
  const letters = [];
  const server = new SMTPServer({
    key: readFileSync(key),
    cert: readFileSync(certificate),
    authOptional: false,
    onAuth({ username, password }, session, done) {
      const isKnown = session.secure && username === LOGIN.username && password === LOGIN.password;
      done(isKnown ? null : new Error("who are you?"), { user: username });
    },
    async onData(stream, { envelope }, done) {
      const parts = [];
      for await (const part of stream) parts.push(part);
      letters.push({ to: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(parts).toString("utf8") });
      done();
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    letters,
    /** The links of the letters to an address, oldest first. */
    links(address) {
      const own = letters.filter(({ to }) => to.includes(address));
      // Quoted-printable: lines are broken with "=", and "=" itself is "=3D".
      const plain = own.map(({ text }) => text.replaceAll("=\r\n", "").replaceAll("=3D", "="));
      return plain.map((text) => text.match(/https?:\/\/\S+#[A-Za-z0-9]+/)?.[0]).filter(Boolean);
    },
    env: {
      SMTP_HOST: "localhost",
      SMTP_PORT: String(server.server.address().port),
      SMTP_USERNAME: LOGIN.username,
      SMTP_PASSWORD: LOGIN.password,
      SMTP_SENDER_EMAIL: "Tollgate <tollgate@corp.test>",
      SSL_CERT_FILE: certificate,
    },
    async stop() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
