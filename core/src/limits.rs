//! How large a request may be.

/// The bounds that a manager puts on each request.
///
/// They keep the work done under an internal lock bounded, whatever a caller
/// passes in. Set them with [`Manager::builder`](crate::Manager::builder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most claims in one request, counted as given. Default 4,096.
    pub max_claims: usize,
    /// The most segments in one path. Default 1,024. A path's own
    /// [`entry`](crate::Path::entry) is no segment: every path that can be claimed
    /// has one that can be claimed.
    pub max_segments: usize,
    /// The most segments in all paths of one request together, each
    /// [`entry`](crate::Path::entry) counted as one more. Default 16,384.
    ///
    /// This is what bounds the memory of one request: each segment that no other
    /// claim shares costs about 150 bytes for as long as the request lives.
    pub max_request_segments: usize,
    /// The most bytes in one path, its separators not counted. Default 65,536.
    pub max_path_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_claims: 4_096,
            max_segments: 1_024,
            max_request_segments: 16_384,
            max_path_bytes: 65_536,
        }
    }
}
