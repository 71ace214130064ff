//! A Redis for one test, which it may stop and start again.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Keeps nothing: started again, it is empty.
pub(crate) struct RedisServer {
    folder: TempDir,
    process: Option<Child>,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let mut server = Self { folder: TempDir::new().unwrap(), process: None };
        server.start_again().await;
        server
    }

    pub(crate) async fn start_again(&mut self) {
        let socket = self.folder.path().join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(child);
        while self.try_run(redis::cmd("PING")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it at once, as a crash does.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("redis.sock").display())
    }

    pub(crate) fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    pub(crate) async fn run(&self, command: &mut redis::Cmd) {
        self.try_run(command.clone()).await.unwrap();
    }

    async fn try_run(&self, command: redis::Cmd) -> redis::RedisResult<()> {
        let mut connection = self.client().get_multiplexed_async_connection().await?;
        command.exec_async(&mut connection).await
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}
