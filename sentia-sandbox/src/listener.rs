//! A loopback port and the task that serves it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The serving tasks of a sandbox; they end when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<Vec<JoinHandle<()>>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

/// A bound port that does not answer yet.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tasks: Arc<Tasks>,
}

impl Listener {
    /// Binds a port of 127.0.0.1; port 0 lets the system choose.
    pub(crate) async fn bind(port: u16, tasks: &Arc<Tasks>) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tasks: Arc::clone(tasks) })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn serve(self, router: Router) {
        let Self { socket, tasks, .. } = self;
        let task = tokio::spawn(async move {
            // Serving on an open listener only ends with its task.
            let _ = axum::serve(socket, router).await;
        });
        tasks.0.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }
}
