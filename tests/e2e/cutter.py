"""A cable that can be pulled: sits on a Unix socket of the system under test and carries bytes
between its clients and the server behind, until it is cut. When the server is started anew and
binds its socket again, the cutter takes that place again."""

import os
import selectors
import socket
import threading
import time


class Cutter:
    def __init__(self, path):
        self.path = path
        self.real = path + ".real"
        self.listener = None
        self.inode = 0
        self.pairs = {}  # socket -> its other end
        self.is_cut = False
        self.carried = 0  # bytes, since the last cut
        self.lost = 0  # connections that cuts ended
        self.lock = threading.Lock()  # guards all of the above
        self.ends = False
        self.selector = selectors.DefaultSelector()
        self.thread = threading.Thread(target=self._run, name="cutter", daemon=True)
        self.thread.start()

    def cut(self):
        """Ends every connection and lets none through until mend()."""
        with self.lock:
            self.is_cut = True
            ended = len(self.pairs) // 2
            for end in list(self.pairs):
                self._close(end)
            self.lost += ended
            self.carried = 0
        return ended

    def mend(self):
        with self.lock:
            self.is_cut = False

    def stop(self):
        self.ends = True
        self.thread.join(5)
        with self.lock:
            for end in list(self.pairs):
                self._close(end)
            if self.listener is not None:
                self.listener.close()

    def _take_place(self):
        """Moves a server's fresh socket aside and listens in its place."""
        try:
            server = os.stat(self.path)
        except FileNotFoundError:
            return
        if server.st_ino == self.inode:
            return
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(self.path)  # bound is not yet listening
        except OSError:
            return
        finally:
            probe.close()
        os.rename(self.path, self.real)
        if self.listener is not None:
            self.selector.unregister(self.listener)
            self.listener.close()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o777)
        if os.geteuid() == 0:  # the folder is sticky: a server may only take away what is its own
            os.chown(self.path, server.st_uid, server.st_gid)
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.inode = os.stat(self.path).st_ino
        self.selector.register(self.listener, selectors.EVENT_READ)

    def _accept(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return
        far = socket.socket(socket.AF_UNIX)
        try:
            if self.is_cut:
                raise OSError
            far.connect(self.real)
        except OSError:
            near.close()
            far.close()
            return
        self.pairs[near] = far
        self.pairs[far] = near
        for end in (near, far):
            self.selector.register(end, selectors.EVENT_READ)

    def _close(self, end):
        for each in (end, self.pairs.pop(end, None)):
            if each is not None and each.fileno() >= 0:
                self.pairs.pop(each, None)
                self.selector.unregister(each)
                each.close()

    def _carry(self, end):
        try:
            data = end.recv(1 << 16)
            if not data:
                raise OSError
            self.pairs[end].sendall(data)
            self.carried += len(data)
        except (OSError, KeyError):
            self._close(end)

    def _run(self):
        while not self.ends:
            with self.lock:
                self._take_place()
                ready = self.selector.select(0) if self.selector.get_map() else []
                for key, _ in ready:
                    if key.fileobj is self.listener:
                        self._accept()
                    elif key.fileobj in self.pairs:
                        self._carry(key.fileobj)
            if not ready:
                # Waits outside of the lock, and wakes often enough to see a fresh socket.
                if self.selector.get_map():
                    self.selector.select(0.01)
                else:
                    time.sleep(0.01)
