//! A wire to a service on which answers get lost: the service has done what it was asked, and nobody hears of it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use shared::testing::Chance;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One in so many answers gets lost.
const LOST: u64 = 3;

/// The wire, from its own address to the service.
pub(crate) struct LossyWire {
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    to: SocketAddr,
    is_mended: AtomicBool,
    lost: AtomicU64,
    chance: Mutex<Chance>,
}

impl LossyWire {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            to: address,
            is_mended: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            chance: Mutex::new(Chance::new()),
        });
        let wire = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let wire = Arc::clone(&wire);
                // It ends with either side.
                tokio::spawn(async move { wire.carry(near).await });
            }
        });
        Self { url, state }
    }

    /// How many answers have got lost.
    pub(crate) fn lost(&self) -> u64 {
        self.state.lost.load(Ordering::Relaxed)
    }

    /// No more get lost.
    pub(crate) fn mend(&self) {
        self.state.is_mended.store(true, Ordering::Relaxed);
    }
}

impl State {
    async fn carry(&self, near: TcpStream) -> io::Result<()> {
        let far = TcpStream::connect(self.to).await?;
        let (mut near_in, mut near_out) = near.into_split();
        let (mut far_in, mut far_out) = far.into_split();
        let requests = tokio::io::copy(&mut near_in, &mut far_out);
        let answers = async {
            let mut bytes = vec![0; 64 << 10];
            loop {
                let count = far_in.read(&mut bytes).await?;
                if count == 0 || self.loses() {
                    return Ok(());
                }
                near_out.write_all(&bytes[..count]).await?;
            }
        };
        tokio::select! {
            carried = requests => carried.map(drop),
            carried = answers => carried,
        }
    }

    fn loses(&self) -> bool {
        let loses = !self.is_mended.load(Ordering::Relaxed) && self.chance.lock().unwrap().once_in(LOST);
        self.lost.fetch_add(u64::from(loses), Ordering::Relaxed);
        loses
    }
}
