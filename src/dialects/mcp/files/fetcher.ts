/** The program that downloads: what fails is one line on stderr, what came is JSON on stdout; a part of a file is never left. */
export const FETCHER = `
import json, os, shutil, sys, urllib.error, urllib.request

def fetch(url, path, timeout):
    part = path + '.part-%d' % os.getpid()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        request = urllib.request.Request(url, headers={'User-Agent': 'Mozilla/5.0 (compatible; clara-sandbox)'})
        with urllib.request.urlopen(request, timeout=min(timeout, 60)) as answer, open(part, 'wb') as file:
            shutil.copyfileobj(answer, file, 1 << 20)
            kind = answer.headers.get_content_type()
        os.replace(part, path)
        print(json.dumps({'size': os.path.getsize(path), 'type': kind}))
    except urllib.error.HTTPError as error:
        text = error.read(2000).decode('utf-8', 'replace').strip().splitlines()
        # The sandbox's proxy says why it refuses in both places.
        is_more = text and text[0] != error.reason and error.headers.get_content_type() == 'text/plain'
        more = ': ' + text[0] if is_more else ''
        sys.exit('The server answered %d %s%s' % (error.code, error.reason, more))
    except urllib.error.URLError as error:
        sys.exit('%s cannot be reached: %s' % (url, error.reason))
    except OSError as error:
        sys.exit('The download failed: %s' % error)
    finally:
        try:
            os.unlink(part)
        except OSError:
            pass
`;
