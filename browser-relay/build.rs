//! Makes cargo notice when the web interface, which is inside the binary, has been built again.

fn main() {
    println!("cargo::rerun-if-changed=ui/dist");
}
