//! Anything in any order.

use std::time::Duration;

use super::docker::Docker;
use super::reader::Reader;

/// Small and always the same, so that a failure can be had again.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ seed.wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What was done, to be told when it fails.
struct Played(Vec<String>);

impl Drop for Played {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {}", self.0.join(", "));
        }
    }
}

async fn play(seed: u64) {
    let mut dice = Dice::new(seed);
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 60);
    web.compresses = dice.roll(2) == 0;
    let mut reader = Reader::start(docker.folder()).await;
    let mut played = Played(vec![format!("seed {seed}, compressed {}", web.compresses)]);
    for _ in 0..60 {
        let action = match dice.roll(12) {
            0..=3 => {
                let count = [1, 3, 40, 700][dice.roll(4) as usize];
                web.lines(count);
                format!("{count} lines")
            }
            4 => {
                let length = dice.roll(60_000) as usize + 1;
                web.long_line(&format!("{} {}", web.written.len(), "x".repeat(length)));
                format!("a line of {length}")
            }
            5 | 6 => {
                web.rotate();
                "rotation".into()
            }
            7 => {
                web.copy_and_truncate();
                "copy and truncation".into()
            }
            8 => {
                reader.kill().await;
                let count = dice.roll(20) as usize;
                web.lines(count);
                if dice.roll(2) == 0 {
                    web.rotate();
                    web.lines(count);
                }
                reader.resume().await;
                format!("restart with {count}")
            }
            9 => {
                reader.write_one(Duration::from_millis(dice.roll(30))).await;
                "a batch".into()
            }
            10 => {
                reader.catch_up(&mut [&mut web]).await;
                web.remove_old();
                "caught up".into()
            }
            _ => {
                reader.catch_up(&mut [&mut web]).await;
                web.truncate();
                "truncation".into()
            }
        };
        played.0.push(action);
    }
    reader.catch_up(&mut [&mut web]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_each_line_is_found_once_in_order() {
    // More of them when one wants to be sure.
    let seeds = std::env::var("RANDOM_SEEDS").ok();
    let seeds = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(10);
    for seed in 1..=seeds {
        play(seed).await;
    }
}
