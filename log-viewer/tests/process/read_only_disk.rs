//! A disk that nobody can write any more: it is told, and the lines are read again when there is one.

use shared::testing::{FailingDisk, Process, Program, eventually};

use crate::docker::DockerFolder;
use crate::setup::{BINARY, has, messages};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_is_told_and_no_line_is_lost_or_read_twice() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = FailingDisk::at(&place, folder.path().join("image")) else {
        eprintln!("no file can be mounted here; a disk that fails cannot be tried");
        return;
    };
    let docker = DockerFolder::at(folder.path().join("containers"));
    let setup = Program::new(BINARY, place.join("logs.db")).with("LOG_SOURCES", docker.path().display());
    let mut shop = docker.container("shop");
    let mut viewer = Process::start(disk.command(&setup)).await;
    shop.line("before");
    has(&viewer, 1).await;

    disk.fail();
    shop.line("meanwhile");
    viewer
        .logged("entries cannot be written; it is tried again until it works")
        .await;
    eventually("health tells of it", async || {
        (viewer.api().get("/health").await.status == 503).then_some(())
    })
    .await;
    assert_eq!(messages(&viewer).await, ["before"], "reading goes on");
    viewer.signal("TERM");
    assert_eq!(viewer.ended().await.0.code(), Some(0));

    let mut viewer = Process::start(disk.command(&setup)).await;
    shop.line("after");
    has(&viewer, 3).await;
    assert_eq!(messages(&viewer).await, ["before", "meanwhile", "after"]);
    assert_eq!(viewer.api().get("/health").await.status, 200);
    viewer.signal("TERM");
    assert_eq!(viewer.ended().await.0.code(), Some(0));
}
