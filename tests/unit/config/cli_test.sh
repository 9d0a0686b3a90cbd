#!/bin/sh
# The command as people use it: what it says, what it leaves on disk, and its exit status.
# $1 is the program vedette.
set -u
vedette=$1
tmp=$(mktemp -d /tmp/vedette-test-XXXXXX)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/bin" "$tmp/c/cameras" "$tmp/c/rules"
cp "$vedette" "$tmp/bin/vedette"
vedette=$tmp/bin/vedette
bad=0

# expect STATUS TEXT command…: the status, and the text somewhere in what it says ("" for any)
expect() {
    want=$1 text=$2
    shift 2
    "$@" >"$tmp/out" 2>&1 </dev/null
    got=$?
    if [ "$got" -ne "$want" ] || ! grep -qF -- "$text" "$tmp/out"; then
        echo "FAILED: $*: status $got, want $want with: $text"
        cat "$tmp/out"
        bad=1
    fi
    # a sanitizer's words must reach the one who reads the result
    grep -E "Sanitizer|runtime error:" "$tmp/out" && bad=1
}

cat >"$tmp/c/vedette.yaml" <<'END'
areas:
  - {code: a, name: A}
END
cat >"$tmp/c/rules/r.yaml" <<'END'
rules:
  - {id: any, when: {kind: motion}, severity: red, action: Look.}
END

expect 0 "vedette 0." "$vedette" --version
expect 0 "vedette camera" "$vedette" help
expect 0 "config-reference" "$vedette" --help
expect 2 "what shall it do" "$vedette"
expect 2 "did you mean 'vedette check'?" "$vedette" chekc
expect 2 "'vedette help' lists them" "$vedette" ../../bin/sh
expect 2 "'vedette help' lists them" "$vedette" --frobnicate
expect 1 "vedette-up is not installed" "$vedette" up
expect 0 "good: 1 area, 0 cameras, 1 rule; revision" "$vedette" check --config "$tmp/c"
expect 0 "good:" "$vedette" check "$tmp/c"
expect 2 "unrecognized option" "$vedette" check --confg "$tmp/c"
expect 1 "No such file or directory" "$vedette" check --config "$tmp/none"
expect 1 "name its folder with --config" "$vedette" check --state "$tmp/none"
expect 0 "| \`cameras[].zones[].polygon\` |" "$vedette" config-reference --markdown
expect 2 "did you mean 'vedette camera list'?" "$vedette" camera lst
expect 0 "--password-stdin" "$vedette" camera add --help
expect 0 "--no-secrets" "$vedette" check --help
expect 0 "vedette camera remove" "$vedette" camera --help
expect 2 "which one?" "$vedette" camera show --config "$tmp/c"
expect 0 "no cameras" "$vedette" camera list --config "$tmp/c"

# add: checked before it is written
mkdir "$tmp/two"
printf 'areas:\n  - {code: a, name: A}\n  - {code: a/b, name: B}\n' >"$tmp/two/vedette.yaml"
expect 2 "give --area CODE, one of a, a/b" "$vedette" camera add --config "$tmp/two" --url rtsp://10.0.0.1/1 gate
expect 2 "no id" "$vedette" camera add --config "$tmp/c" --url rtsp://10.0.0.1/1 ../evil
expect 2 "give --url" "$vedette" camera add --config "$tmp/c" gate
expect 1 "user and password do not belong in a URL" "$vedette" camera add --config "$tmp/c" \
    --no-probe --url rtsp://u:geheim@10.0.0.1/1 gate
grep -q geheim "$tmp/out" && { echo "FAILED: a password was told"; bad=1; }
expect 1 "area 'b' is not known" "$vedette" camera add --config "$tmp/c" --no-probe --area b \
    --url rtsp://10.0.0.1/1 gate
expect 1 "vedette-probe is not installed" "$vedette" camera add --config "$tmp/c" \
    --url rtsp://10.0.0.1/1 gate
expect 0 "would hold" "$vedette" camera add --config "$tmp/c" --no-probe --dry-run \
    --url rtsp://10.0.0.1/1 gate
[ -z "$(ls "$tmp/c/cameras")" ] || { echo "FAILED: something was written"; bad=1; }
expect 0 "added camera 'gate'" "$vedette" camera add --config "$tmp/c" --no-probe \
    --url rtsp://10.0.0.1/1 --name 'Gate "3": #1' gate
expect 1 "is there already, in cameras/gate.yaml line 2" "$vedette" camera add \
    --config "$tmp/c" --no-probe --url rtsp://10.0.0.1/1 gate
expect 0 'name: "Gate \"3\": #1"' "$vedette" camera show --config "$tmp/c" gate
expect 0 "sensitivity: medium" "$vedette" camera show --config "$tmp/c" gate
expect 0 '"fps":5.0,"sensitivity":"medium","start":"3/5"' "$vedette" camera show --json \
    --config "$tmp/c" gate
expect 1 "did you mean 'gate'?" "$vedette" camera show --config "$tmp/c" gaet
expect 0 "10.0.0.1" "$vedette" camera list --config "$tmp/c"

# a password by stdin goes to a file of its own, and back if the rest fails
printf 'p@ss:w/o#r?d%%\n' | "$vedette" camera add --config "$tmp/c" --no-probe --user u \
    --password-stdin --url rtsp://10.0.0.2/1 dock >"$tmp/out" 2>&1 || { cat "$tmp/out"; bad=1; }
[ "$(cat "$tmp/c/secrets/dock")" = 'p@ss:w/o#r?d%' ] || { echo "FAILED: password"; bad=1; }
case $(stat -c %a "$tmp/c/secrets/dock") in 600 | 640) ;; *) echo "FAILED: mode"; bad=1 ;; esac
expect 0 "2 cameras" "$vedette" check --config "$tmp/c"
echo x | "$vedette" camera add --config "$tmp/c" --no-probe --user u --password-stdin \
    --url gopher://10.0.0.2/1 door >"$tmp/out" 2>&1 && { echo "FAILED: gopher"; bad=1; }
[ ! -e "$tmp/c/secrets/door" ] || { echo "FAILED: a password was left behind"; bad=1; }

# probe: the program beside us is asked, and believed
cat >"$tmp/bin/vedette-probe" <<'END'
#!/bin/sh
echo "probe:$*"
[ "$1" = --config ] || case $* in *bad*) exit 1 ;; esac
END
chmod +x "$tmp/bin/vedette-probe"
expect 0 "probe:--config $tmp/c gate" "$vedette" camera probe --config "$tmp/c" gate
expect 1 "nothing was written" "$vedette" camera add --config "$tmp/c" \
    --url rtsp://10.0.0.3/bad door
expect 0 "probe:--user u --password-file $tmp/c/secrets/dock rtsp://10.0.0.3/sub" "$vedette" \
    camera add --config "$tmp/c" --user u --password-file secrets/dock \
    --url rtsp://10.0.0.3/main --detect-url rtsp://10.0.0.3/sub door

# remove: never what a rule needs, never what shares its file
cat >"$tmp/c/rules/gate.yaml" <<'END'
rules:
  - {id: gate, when: {camera: gate}, severity: red, action: Look.}
END
expect 1 "rules/gate.yaml:2:31: camera 'gate' is not known" "$vedette" camera remove \
    --config "$tmp/c" gate
[ -e "$tmp/c/cameras/gate.yaml" ] || { echo "FAILED: it was removed"; bad=1; }
rm "$tmp/c/rules/gate.yaml"
expect 0 "kept in" "$vedette" camera remove --config "$tmp/c" gate
[ -e "$tmp/c/cameras/gate.yaml.removed" ] || { echo "FAILED: it was not kept"; bad=1; }
cat >"$tmp/c/cameras/two.yaml" <<'END'
cameras:
  - {id: one, area: a, url: "rtsp://10.0.0.1/1"}
  - {id: two, area: a, url: "rtsp://10.0.0.1/1"}
END
expect 1 "shares cameras/two.yaml with 'one'" "$vedette" camera remove --config "$tmp/c" two
expect 1 "there is no camera 'gate'" "$vedette" camera remove --config "$tmp/c" gate

[ "$bad" -eq 0 ] && echo "the command does what it says"
exit "$bad"
