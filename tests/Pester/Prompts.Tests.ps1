BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:module = [IO.Path]::GetFullPath("$PSScriptRoot/../../out/Splice")
    $script:server = Open-SshHost "$TestDrive/ssh"
    [IO.File]::WriteAllText("$TestDrive/source", 'content')
    if ($server) {
        # An ssh before the others in PATH that records whether it has a terminal, and for how long.
        $script:log = "$TestDrive/log"
        $null = New-Item -ItemType Directory "$TestDrive/bin"
        Set-Content "$TestDrive/bin/ssh" @"
#!/bin/bash
if (: < /dev/tty) 2> /dev/null; then has=terminal; else has=none; fi
echo "`$has" >> '$log'
[ `$has = none ] || sleep 0.3
'$($server.Folder)/bin/ssh' "`$@"
code=`$?
echo "`$has ends" >> '$log'
exit `$code
"@
        chmod +x "$TestDrive/bin/ssh"
        $env:PATH = "$TestDrive/bin:$env:PATH"
    }

    # What a script prints in a pwsh with a terminal of its own, and the messages of its errors.
    function Invoke-OnTerminal([string] $Script) {
        Remove-Item $log -ErrorAction Ignore
        Set-Content "$TestDrive/run.ps1" "Import-Module '$module'; Set-Location '$TestDrive'; `$ErrorActionPreference = 'SilentlyContinue'; $Script; `$Error.ForEach({ [Console]::WriteLine(`$_.Exception.Message) })"
        (sh -c 'timeout --kill-after=30 300 script -qec "$1" /dev/null < /dev/null' sh "pwsh -NoProfile -File '$TestDrive/run.ps1'" | Out-String) -replace '\s+', ' '
    }
}

AfterAll {
    Close-SshHost $server
}

Describe 'Prompts of ssh' {
    BeforeEach {
        if (-not $server) { Set-ItResult -Skipped -Because 'sshd is not available to this user' }
        if (-not (Get-Command script -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'script(1) is not installed' }
    }

    It 'come from no ssh of several hosts at once: <_>' -ForEach @(
        'Send-ItemZeroCopy source web1, web2 unknown', 'Receive-ItemZeroCopy images web1, web2 . -Recurse'
    ) {
        $said = Invoke-OnTerminal "$_ -Options @{ UserKnownHostsFile = '/dev/null' }"
        $said | Should -Not -Match 'continue connecting'
        [regex]::Matches($said, 'Host key verification failed').Count | Should -Be 2
        $said | Should -Match '-ThrottleLimit 1, ssh prompts for one host after the other'
        Get-Content $log | Sort-Object | Should -Be 'none', 'none', 'none ends', 'none ends'
    }

    It 'come from one host, and from one after the other with -ThrottleLimit 1: <_>' -ForEach @(
        'Send-ItemZeroCopy source {0} one', 'Receive-ItemZeroCopy images {0} . -Recurse'
    ) {
        $null = Invoke-OnTerminal ($_ -f 'web1')
        Get-Content $log | Should -Be 'terminal', 'terminal ends'
        $null = Invoke-OnTerminal "$($_ -f 'web1, web2') -ThrottleLimit 1"
        Get-Content $log | Should -Be 'terminal', 'terminal ends', 'terminal', 'terminal ends'
    }

    It 'come from one runspace at a time' {
        $null = Invoke-OnTerminal "'web1', 'web2', 'web3' | ForEach-Object -Parallel { Import-Module '$module'; Send-ItemZeroCopy '$TestDrive/source' `$_ each }"
        $on = 0
        foreach ($line in @(Get-Content $log) -like 'terminal*') {
            $on += $line -like '*ends' ? -1 : 1
            $on | Should -BeLessOrEqual 1
        }

        foreach ($name in 'web1', 'web2', 'web3') { "$($server.Folder)/$name/each" | Should -Exist }
    }

    It 'come from no proxy of several hosts at once' {
        # The ssh to a ProxyJump does not get the settings of the other one.
        Set-Content "$TestDrive/proxy" "#!/bin/bash`n(: < /dev/tty) 2> /dev/null && echo terminal >> '$TestDrive/proxies'`nexec nc `"`$@`""
        chmod +x "$TestDrive/proxy"
        $null = Invoke-OnTerminal "Send-ItemZeroCopy source web1, web2 proxied -Options @{ ProxyCommand = '$TestDrive/proxy %h %p' }"
        "$TestDrive/proxies" | Should -Not -Exist
    }

    It 'name the host, and the answer goes there' {
        if (-not (Get-Command python3 -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'python3 is not installed' }
        Set-Content "$TestDrive/answer.py" @'
import os, pty, sys
said, seen = b'', 0
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    said += read
    while said.count(b'continue connecting (') > seen:
        seen += 1
        os.write(terminal, b'yes\n')
os.waitpid(pid, 0)
print(said.decode(errors='replace'))
'@
        Set-Content "$TestDrive/run.ps1" "Import-Module '$module'; Send-ItemZeroCopy '$TestDrive/source' web1, web2 asked -ThrottleLimit 1 -Options @{ UserKnownHostsFile = '$TestDrive/new' }"
        $said = timeout --kill-after=30 60 python3 "$TestDrive/answer.py" pwsh -NoProfile -File "$TestDrive/run.ps1" | Out-String
        [regex]::Matches($said, "The authenticity of host '\[127\.0\.0\.1\]:\d+").Value | Sort-Object -Unique | Should -HaveCount 2
        Get-Content "$TestDrive/new" | Should -HaveCount 2
        foreach ($name in 'web1', 'web2') { "$($server.Folder)/$name/asked" | Should -Exist }
    }
}
