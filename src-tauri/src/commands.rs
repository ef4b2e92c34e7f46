//! Every command of the one list, each one call of `butler`.

use clawbutler_butler::Butler;
use clawbutler_wire::{ApiError, Command, command};
use tauri::State;

macro_rules! commands {
    ($($name:ident $request:ident => $reply:ty,)+) => {
        $(
            #[tauri::command(async)]
            fn $name(
                butler: State<'_, Butler>,
                request: command::$request,
            ) -> Result<<command::$request as Command>::Reply, ApiError> {
                Ok(butler.$name(request)?)
            }
        )+

        /// Answers the windows.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),+]
        }
    };
}
clawbutler_wire::with_commands!(commands);
