//! stateright's Explorer on a configuration: a user steps through the states in a browser, choosing each action.
//!
//! It serves whoever can reach the address and has no access control, so that only loopback addresses are taken.

use std::net::{SocketAddr, TcpListener};
use std::{fmt, io};

use stateright::Model as _;

use crate::conference::Conference;

/// Why nothing is served.
#[derive(Debug)]
pub enum ServeError {
    /// The address can be reached from other hosts.
    Public(SocketAddr),
    /// The address cannot be listened at.
    Bind(SocketAddr, io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(address) => {
                write!(f, "{address} is no loopback address, and what is served has no access control")
            }
            Self::Bind(address, error) => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves the Explorer for as long as the process lives; port 0 means any that is free. `ready` is told the address
/// right before.
///
/// # Errors
/// The address is not one of the loopback interface, or cannot be listened at.
pub fn serve(model: Conference, address: SocketAddr, ready: impl FnOnce(SocketAddr)) -> Result<(), ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::Public(address));
    }
    // The Explorer panics where it cannot listen: find that out, and the number of a free port, before.
    let bound = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    let address = bound.map_err(|error| ServeError::Bind(address, error))?;
    ready(address);
    model.checker().serve(address);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_served() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:3000", "[::ffff:127.0.0.1]:0"] {
            let address: SocketAddr = address.parse().expect("an address");
            let refused = serve(Conference::new(1, 0), address, |_| unreachable!("it is not served"));
            assert!(matches!(refused, Err(ServeError::Public(own)) if own == address), "{address}");
            let text = refused.err().map(|refused| refused.to_string()).unwrap_or_default();
            assert!(text.starts_with(&address.to_string()), "{text}");
        }
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("its address");
        let refused = serve(Conference::new(1, 0), address, |_| unreachable!("it is not served"));
        assert!(matches!(refused, Err(ServeError::Bind(own, _)) if own == address));
    }
}
