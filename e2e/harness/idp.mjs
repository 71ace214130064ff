// A real OpenID provider (the npm package oidc-provider), with people of the tests' own. Nobody needs a password there.

import { once } from "node:events";
import http from "node:http";

import Provider from "oidc-provider";

/** Listens first, since Tollgate must know where it is and it must know where Tollgate is. */
export async function startIdp() {
  let handle = (_, response) => response.writeHead(503).end();
  const server = http.createServer((request, response) => handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const people = new Map();
  let fault;
  return {
    issuer,
    clientId: "tollgate",
    clientSecret: "secret-of-tollgate-at-the-provider",
    /** Somebody who can sign in, by their name. */
    add(name, claims) {
      people.set(name, { sub: name, ...claims });
    },
    /** Lets Tollgate's client in, which comes back to these addresses. */
    serve(redirectUris) {
      const provider = new Provider(issuer, {
        clients: [{ client_id: this.clientId, client_secret: this.clientSecret, redirect_uris: redirectUris }],
        scopes: ["openid", "email", "profile"],
        claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
        cookies: { keys: ["for the tests"] },
        findAccount: (_, name) => ({ accountId: name, claims: () => people.get(name) ?? { sub: name } }),
      });
      provider.on("server_error", (_, error) => console.error("the provider fails", error));
      const answer = provider.callback();
      handle = (request, response) => (fault?.(request, response) ? undefined : answer(request, response));
    },
    /** What is wrong with it from now on; nothing: it is well. */
    be(name) {
      fault = FAULTS[name];
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const isForTokens = (request) => request.url.startsWith("/token");

function answerWith(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}

/** Ways in which a provider is not well. Each says whether it has answered. */
const FAULTS = {
  /** It lets people sign in, and then gives no tokens for it. */
  down: (request, response) => isForTokens(request) && answerWith(response, 500, { error: "server_error" }),
  /** It no longer knows the code that it has just given. */
  forgetful: (request, response) => isForTokens(request) && answerWith(response, 400, { error: "invalid_grant" }),
  /** It takes Tollgate's secret for wrong. */
  strict: (request, response) => isForTokens(request) && answerWith(response, 401, { error: "invalid_client" }),
  /** It sends people back in another provider's name. */
  lying: (_, response) => {
    const setHeader = response.setHeader.bind(response);
    response.setHeader = (name, value) => {
      const isTold = name.toLowerCase() === "location" && typeof value === "string";
      return setHeader(name, isTold ? value.replace(/iss=[^&]+/, "iss=https%3A%2F%2Felsewhere.test") : value);
    };
    return false;
  },
};
