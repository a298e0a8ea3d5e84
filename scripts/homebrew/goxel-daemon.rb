# A Homebrew formula. `make homebrew-formula URL=... SHA256=...` fills in where the source is.
class GoxelDaemon < Formula
  desc "Voxel engine behind a Unix socket, for programs, scripts and AI agents"
  homepage "@URL@"
  url "@URL@"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "make", "install", "PREFIX=#{prefix}", "SYSTEMD=no"
  end

  def post_install
    # With this directory, the daemon and all its clients agree on the socket's path.
    (var/"run/goxel").mkpath
    (var/"run/goxel").chmod 0700
  end

  service do
    run [opt_bin/"goxel-daemon", "--socket", var/"run/goxel/goxel.sock", "--foreground"]
    keep_alive crashed: true
    working_dir var
    error_log_path var/"log/goxel-daemon.log"
    log_path var/"log/goxel-daemon.log"
  end

  test do
    assert_match "goxel-daemon version", shell_output("#{bin}/goxel-daemon --version")
    socket = testpath/"test.sock"
    pid = spawn bin/"goxel-daemon", "--socket", socket
    begin
      sleep 2
      assert_match "pong", shell_output("#{bin}/goxelctl --socket #{socket} --json call ping")
    ensure
      Process.kill "TERM", pid
      Process.wait pid
    end
    refute_predicate socket, :exist?
  end
end
