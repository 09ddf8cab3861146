/** ZooKeeper as Debian packages it. */
const jars = ["zookeeper", "slf4j-simple"].map((jar) => `/usr/share/java/${jar}.jar`);

export const needs = ["bash", "java", ...jars];

export const clientPort = 2181;

/** What every one of these servers and clients is started with. */
const java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", jars.join(":")];

export const server = (configuration: string): readonly string[] => [
  ...java,
  "org.apache.zookeeper.server.quorum.QuorumPeerMain",
  configuration,
];

export const settings = [
  ...["admin.enableServer=false", "4lw.commands.whitelist=*", `clientPort=${clientPort}`],
  ...["tickTime=500", "initLimit=20", "syncLimit=10"],
];

/** The command line client: reads commands, in one session of a member's. */
export const shell = (member: string): readonly string[] => client(member);

/** It connects to a member, does one thing and ends. */
export const client = (member: string, ...words: readonly string[]): readonly string[] => [
  ...java,
  "org.apache.zookeeper.ZooKeeperMain",
  ...["-waitforconnection", "-server", `${member}:${clientPort}`, ...words],
];

/**
 * Reads lines of `<host> <port> <four letters>` and prints the member's mode, or that it has none.
 * No line feed follows the letters: it would meet a connection that is closed, and the reset would
 * take the answer away. Nor is the end awaited: asked while it loads its database, ZooKeeper 3.8
 * answers and forgets to close (a NullPointerException in removeCnxn).
 */
export const fourLetterClient: readonly string[] = [
  "bash",
  "-c",
  `while read -r host port text; do
    line="connect failed"
    if exec 3<>"/dev/tcp/$host/$port"; then
      line="no answer"
      printf %s "$text" >&3
      while IFS= read -r line <&3; do
        case "$line" in Mode:*|*"not currently serving"*) break;; esac
      done
      exec 3>&-
    fi
    echo "$line"
  done 2>&1`,
];

/** It listens, and is not yet a part of anything. */
export const notYet = /^This ZooKeeper instance is not currently serving requests/;
