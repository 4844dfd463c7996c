// The official exaroton client against the simulator: does what an operator does and prints what it saw as JSON.
//
// CLIENT: the folder whose node_modules holds the client, unchanged. HOST, TOKEN: where the simulator is and its token; the
// client's public fields `protocol`, `host` and `basePath` point it there.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const found = await import(pathToFileURL(path.join(process.env.CLIENT, 'node_modules', 'exaroton', 'index.js')));
const { Client } = found.Client ? found : found.default;
const client = new Client(process.env.TOKEN);
client.protocol = 'http';
client.host = process.env.HOST;
client.basePath = '/v1/';

const ONLINE = 1;
const OFFLINE = 0;
// Reached only by a failure.
const DEADLINE_MS = 25_000;

// The status code of a call that must fail.
async function refusal(call) {
    try {
        await call();
    } catch (error) {
        return error.statusCode ?? error.response?.statusCode ?? String(error);
    }
    return 'no error';
}

function within(promise, what) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`too late: ${what}`)), DEADLINE_MS).unref());
    return Promise.race([promise, late]);
}

const seen = {};
const account = await client.getAccount();
seen.account = { name: account.name, credits: account.credits };
const servers = await client.getServers();
seen.servers = servers.map((server) => ({ id: server.id, name: server.name, status: server.status, shared: server.shared }));

const server = client.server(servers.find((candidate) => candidate.name === 'weekend').id);
seen.ramBefore = await server.getRAM();
await server.setRAM(6);
seen.ramSet = await server.getRAM();
seen.ramRefused = await refusal(() => server.setRAM(64));
await server.setMOTD('from npm');
seen.motd = await server.getMOTD();
seen.stopOffline = await refusal(() => server.stop());
const list = server.getPlayerList('ops');
await list.addEntries(['Npm']);
seen.ops = await list.getEntries();

const reached = (status) => new Promise((resolve) => {
    server.on('status', (now) => now.status === status && resolve());
});
const first = (stream, event) => new Promise((resolve) => server.on(`${stream}:${event}`, resolve));
await server.get();
const online = reached(ONLINE);
const tick = first('tick', 'tick');
const stats = first('stats', 'stats');
const heap = first('heap', 'heap');
const lines = [];
const spoken = new Promise((resolve) => {
    server.on('console:line', ({ line }) => {
        lines.push(line);
        if (line.includes('hello from npm')) resolve();
    });
});
const ready = new Promise((resolve) => server.getWebsocketClient().on('ready', resolve));
server.subscribe(['console', 'tick', 'stats', 'heap']);
await within(ready, 'the websocket');
await server.start();
seen.startAgain = await refusal(() => server.start());
await within(online, 'online');
seen.tick = (await within(tick, 'a tick')).averageTickTime;
seen.stats = (await within(stats, 'stats')).memory.usage;
seen.heap = (await within(heap, 'heap')).usage;
await server.executeCommand('say hello from npm');
await within(spoken, 'a line of the console');
seen.lines = lines.length;
seen.ramWhileRunning = await refusal(() => server.setRAM(4));

seen.pools = [];
for (const pool of await client.getPools()) {
    const members = await pool.getMembers();
    const paid = await pool.getServers();
    seen.pools.push({
        id: pool.id,
        name: pool.name,
        credits: pool.credits,
        ownShare: pool.ownShare,
        members: members.map((member) => ({ name: member.name, share: member.share, credits: member.credits })),
        servers: paid.map((one) => one.name),
    });
}

const offline = reached(OFFLINE);
await server.stop();
seen.stopAgain = await refusal(() => server.stop());
await within(offline, 'offline');
server.unsubscribe();
console.log(JSON.stringify(seen));
