import { describe, expect, it } from "vitest";
import { ConfigError, environmentOf, portOf, readConfig } from "./config.ts";

describe("readConfig", () => {
  it("has a default for everything", () => {
    expect(readConfig({ HOME: "/home/ada", PATH: "/bin" })).toEqual({
      path: "/bin",
      caFiles: {},
      stateDir: "/home/ada/.local/state/bot-bottle",
      configDir: "/home/ada/.bot-bottle",
      cacheDir: "/home/ada/.cache/bot-bottle",
      runtime: "docker",
      dockerSocket: "/var/run/docker.sock",
      logLevel: "info",
      colorAllowed: true,
    });
  });

  it("takes the state folder from XDG_STATE_HOME, and BB_STATE_DIR before it", () => {
    const environment = { HOME: "/home/ada", XDG_STATE_HOME: "/var/xdg" };
    expect(readConfig(environment).stateDir).toBe("/var/xdg/bot-bottle");
    expect(readConfig({ ...environment, BB_STATE_DIR: "/tmp/trial" }).stateDir).toBe("/tmp/trial");
  });

  it("treats an empty variable as none", () => {
    expect(readConfig({ HOME: "/h", BB_RUNTIME: "", DOCKER_HOST: "", NO_COLOR: "" })).toMatchObject({
      runtime: "docker",
      dockerSocket: "/var/run/docker.sock",
      colorAllowed: true,
    });
  });

  it.each([
    [{ BB_RUNTIME: "podman" }, 'BB_RUNTIME is "podman"; it may be one of: docker, fake'],
    [{ BB_PORT: "65536" }, 'BB_PORT is "65536"; it must be a port number from 1 to 65535'],
    [{ BB_PORT: "x" }, "BB_PORT"],
    [{ BB_LOG_LEVEL: "loud" }, "BB_LOG_LEVEL"],
    [{ DOCKER_HOST: "ssh://elsewhere" }, "DOCKER_HOST"],
    [{ DOCKER_HOST: "tcp://127.0.0.1:2375" }, "on this machine"],
    [{ DOCKER_HOST: "/run/docker.sock" }, "unix:///path"],
  ])("refuses %j and says what it may be", (environment, message) => {
    expect(() => readConfig(environment)).toThrow(ConfigError);
    expect(() => readConfig(environment)).toThrow(message);
  });
});

describe("environmentOf", () => {
  it("makes a child read the folders, the runtime, the engine and the port that its parent reads", () => {
    const config = readConfig({
      HOME: "/home/ada",
      BB_STATE_DIR: "/tmp/trial",
      XDG_CACHE_HOME: "/var/cache/ada",
      BB_CONFIG_DIR: "/etc/trial",
      BB_RUNTIME: "fake",
      BB_PORT: "8443",
      BB_LOG_LEVEL: "debug",
      DOCKER_HOST: "unix:///run/other.sock",
    });
    const { stateDir, cacheDir, configDir, runtime, port, logLevel, dockerSocket } = config;
    expect(readConfig(environmentOf(config))).toMatchObject({
      stateDir,
      cacheDir,
      configDir,
      runtime,
      port,
      logLevel,
      dockerSocket,
    });
  });
});

describe("portOf", () => {
  it("names where the port came from", () => {
    expect(portOf("--port", "8443")).toBe(8443);
    expect(() => portOf("--port", "0")).toThrow('--port is "0"');
  });
});
