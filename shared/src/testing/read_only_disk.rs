//! A disk that fails while a service runs on it, so that the kernel lets nobody write any more.

use std::path::Path;

use super::{FailingDisk, Process, Program, Reply, eventually};

/// Reports, or whatever the service takes, before the disk fails.
const BEFORE: usize = 5;

/// The service refuses what it cannot store and says why, goes on reading, stops when it is told to, and has all that it has
/// acknowledged when the disk works again. Each `send` is one more, and `count` says how many there are.
///
/// # Panics
/// When it is not so.
pub async fn survive(
    program: impl FnOnce(&Path) -> Program,
    send: impl AsyncFn(&Process, usize) -> Reply,
    count: impl AsyncFn(&Process) -> usize,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("disk");
    std::fs::create_dir(&place).expect("a folder on it");
    let Some(disk) = FailingDisk::at(&place, folder.path().join("image")) else {
        eprintln!("no file can be mounted here; a disk that fails cannot be tried");
        return;
    };
    // What is only in the kernel's memory is lost with the disk.
    let program = program(&place).with("DURABILITY", "power");
    let mut service = Process::start(disk.command(&program)).await;
    for number in 0..BEFORE {
        let reply = send(&service, number).await;
        assert!((200..300).contains(&reply.status), "{}", reply.text());
    }

    disk.fail();
    for _ in 0..3 {
        let reply = send(&service, BEFORE).await;
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert!(
            reply.detail().ends_with("nothing was stored"),
            "{}",
            reply.detail()
        );
        assert!(reply.header("retry-after").parse::<u32>().is_ok());
    }
    assert_eq!(count(&service).await, BEFORE, "reading goes on");
    eventually("health tells of it", async || {
        (service.api().get("/health").await.status == 503).then_some(())
    })
    .await;
    service.signal("TERM");
    assert_eq!(service.ended().await.0.code(), Some(0));

    let mut service = Process::start(disk.command(&program)).await;
    assert_eq!(
        count(&service).await,
        BEFORE,
        "all that was acknowledged is there"
    );
    let reply = send(&service, BEFORE).await;
    assert!((200..300).contains(&reply.status), "{}", reply.text());
    assert_eq!(count(&service).await, BEFORE + 1);
    assert_eq!(service.api().get("/health").await.status, 200);
    service.signal("TERM");
    assert_eq!(service.ended().await.0.code(), Some(0));
}
