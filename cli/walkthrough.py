"""What `dubline up` shows when everything is ready: addresses, a token, and the whole job as curl commands."""

import os
import shlex
from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "samples" / "sense_and_sensibility.wav"

TOKEN_HINT = "paste-the-access_token-of-a-Supabase-sign-in-here"  # noqa: S105 - says where a token comes from

# No comment lines and no "!": an interactive zsh or bash would not take them as they are. Python reads and writes
# the JSON, because jq may be missing.
STEPS = """\
call() { curl -sS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
pick() { python3 -c 'import json,sys; v=json.load(sys.stdin); [v:=v[int(k) if k.isdigit() else k] for k in sys.argv[1:]]; print(v)' "$@"; }

UPLOAD=$(python3 -c 'import hashlib,json,mimetypes,os,sys; f=sys.argv[1]; b=open(f,"rb").read(); print(json.dumps({"filename":os.path.basename(f),"content_type":mimetypes.guess_type(f)[0] or "application/octet-stream","size_bytes":len(b),"sha256":hashlib.sha256(b).hexdigest()}))' "$FILE" | call "$API/v1/uploads" -d @-)
python3 -c 'import json,sys; [print(k+": "+v) for k,v in json.load(sys.stdin)["headers"].items()]' <<< "$UPLOAD" | curl -sS -H @- -T "$FILE" "$(pick url <<< "$UPLOAD")"

ID=$(pick upload_id <<< "$UPLOAD")
JOB=$(call "$API/v1/jobs" -H "Idempotency-Key: $ID" -d '{"upload_id":"'$ID'","target_languages":["pt-BR"]}' | pick id)
while STATE=$(call "$API/v1/jobs/$JOB" | pick state) && echo "$STATE" && { [ "$STATE" = queued ] || [ "$STATE" = running ]; }; do sleep 2; done

call "$API/v1/jobs/$JOB/artifacts" | python3 -c 'import json,sys; [print(a["id"],a["path"]) for a in json.load(sys.stdin)["items"]]' | while read -r ID NAME; do mkdir -p "dubbed/$(dirname "$NAME")"; curl -sS -o "dubbed/$NAME" "$(call -X POST "$API/v1/artifacts/$ID/download" | pick url)"; echo "dubbed/$NAME"; done
"""  # noqa: E501 - each line is one step to paste


def render_walkthrough(api: str, token: str | None) -> str:
    """Write the whole job, upload to download, as lines to paste into another terminal one after another.

    Args:
        api: address of the API.
        token: what to sign in with; None when Supabase issues the tokens.
    """
    token = token or TOKEN_HINT
    return f"API={api}\nTOKEN={shlex.quote(token)}\nFILE={shlex.quote(_locate_sample())}\n\n{STEPS}"


def render_addresses(api: str, web: str, metrics: str) -> str:
    """Write where everything is."""
    return f"API:        {api}\nAPI docs:   {api}/docs\nDagster UI: {web}\nMetrics:    {metrics}/metrics\n"


def _locate_sample() -> str:
    folder = Path(os.getcwd())  # noqa: PTH109 - as the terminal has it
    return str(SAMPLE.relative_to(folder)) if SAMPLE.is_relative_to(folder) else str(SAMPLE)
