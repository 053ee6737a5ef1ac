//! What is known of a request besides its claims.

use crate::failure::Failure;
use crate::handle;
use crate::manager::oarlock_manager;
use crate::owner::oarlock_owner;
use crate::sized::{self, Versioned};
use crate::text::oarlock_str;
use engine::{Claim, EnqueuedById, Request};

/// Options for a request. Start from OARLOCK_REQUEST_OPTIONS_INIT; 0 in a field
/// means none. Later versions add fields at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_request_options {
    /// sizeof(oarlock_request_options), as the caller compiled it.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Whose request it is, or NULL. An owner of another manager is refused with
    /// FOREIGN_OWNER. Read during the call only.
    pub owner: *const oarlock_owner,
    /// What inspections and errors call it: UTF-8, copied, empty for none.
    pub label: oarlock_str,
}

// SAFETY: repr(C), begins with its size, integers and pointers only.
unsafe impl Versioned for oarlock_request_options {
    const SIZES: &'static [usize] = &[size_of::<Self>()];
    const INIT: &'static str = "OARLOCK_REQUEST_OPTIONS_INIT";

    fn is_reserved_zero(&self) -> bool {
        self.reserved == 0
    }
}

/// The request with these claims and options.
///
/// # Safety
/// `options` is NULL or as the header wants it.
#[inline]
pub(crate) unsafe fn make<'m, 'a, I: Iterator<Item = Claim<'a>>>(
    manager: &'m oarlock_manager,
    claims: I,
    options: *const oarlock_request_options,
) -> Result<Request<'m, I>, Failure> {
    let mut request = manager.manager.request(claims);
    if options.is_null() {
        return Ok(request);
    }
    // SAFETY: by the caller's promise.
    unsafe {
        let options = sized::read(options)?;
        if !options.owner.is_null() {
            request = request.owner(&handle::open(options.owner)?.owner);
        }
        let label = options.label.text()?;
        if !label.is_empty() {
            request = request.label(label);
        }
    }
    Ok(request)
}

/// Gives a request its place. Without options it takes the shorter way.
///
/// # Safety
/// As for [`make`].
#[inline]
pub(crate) unsafe fn enqueue<'a, I: Iterator<Item = Claim<'a>>>(
    manager: &oarlock_manager,
    claims: I,
    options: *const oarlock_request_options,
) -> Result<EnqueuedById, Failure> {
    Ok(if options.is_null() {
        manager.manager.enqueue_by_id(claims)?
    } else {
        // SAFETY: by the caller's promise.
        unsafe { make(manager, claims, options)? }.enqueue_by_id()?
    })
}
