# What a terminal shows is in Golden/WIDTH.txt. SPLICE_GOLDEN=1 writes the files anew: then look at what has changed.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    function Get-Screen([int] $Width) {
        $socket = "$TestDrive/tmux-$Width"
        $done = "$TestDrive/$Width"
        $command = "'$(Get-Pwsh)' -NoProfile -NoLogo -NoExit -File '$PSScriptRoot/Golden/Show.ps1' '$PSScriptRoot/../../out/Splice' '$done'"
        tmux -S $socket -f /dev/null new-session -d -x $Width -y 300 $command
        try {
            Wait-Until { Test-Path $done } 'the tables being shown'
            Wait-Until { (tmux -S $socket capture-pane -p) -like '== The end*' } 'the end being shown'
            $lines = tmux -S $socket capture-pane -p
        }
        finally {
            tmux -S $socket kill-server
        }

        $last = $lines.IndexOf('== The end')
        $lines[0..($last - 1)] | ForEach-Object TrimEnd
    }
}

Describe 'A terminal of <_> columns' -ForEach 80, 100 {
    It 'shows the tables and errors of the golden file' {
        if (-not (Get-Command tmux -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'tmux is not here'; return }
        $shown = @(Get-Screen $_)
        $golden = "$PSScriptRoot/Golden/$_.txt"
        if ($env:SPLICE_GOLDEN) { $shown | Set-Content $golden }
        ($shown -join "`n") | Should -BeExactly ((Get-Content $golden) -join "`n")
    }

    It 'is wide enough for the name of each destination' {
        $sections = (Get-Content -Raw "$PSScriptRoot/Golden/$_.txt") -replace '\n {14}' -split '(?m)^== '
        $names = @{ 'A copy' = 1; 'A copy as a list' = 2; 'Items of a mirror, and a moved one' = 6; 'Differences' = 2; 'To a host' = 1 }
        foreach ($title in $names.Keys) {
            $text = $sections | Where-Object { $_.StartsWith("$title`n") }
            [regex]::Matches($text, 'holiday\.mov').Count | Should -Be $names[$title] -Because "$title has it"
        }
    }

    It 'shows each row' {
        $text = Get-Content -Raw "$PSScriptRoot/Golden/$_.txt"
        foreach ($row in '<> +Content, +1234567890123', '<= .*old\.html', '== .*disk\.img', '2 Splice +yes +\*', '3 ReadWrite +yes', 'Splice +\* +1,234\.57 +100\.25') {
            $text | Should -Match "(?m)^ *$row"
        }
    }
}

Describe 'Progress on a terminal' {
    # It asks the terminal for the position of the cursor, while the terminal has the mode of the commands.
    It 'is shown for one command after the other' {
        if (-not (Get-Command tmux -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'tmux is not here'; return }
        $tmux = 'tmux', '-S', "$TestDrive/tmux", '-f', '/dev/null'
        [IO.File]::WriteAllBytes("$TestDrive/source", [byte[]]::new(3MB))
        Set-Content "$TestDrive/Run.ps1" @"
Import-Module '$PSScriptRoot/../../out/Splice'
foreach (`$name in 'first', 'second') {
    `$null = Invoke-PipelineZeroCopy { cat } -InputPath '$TestDrive/source' -OutputPath "$TestDrive/`$name" -RateLimit 1.5MB
}
"@
        & $tmux[0] $tmux[1..4] new-session -d -x 80 -y 20 "'$(Get-Pwsh)' -NoProfile -File '$TestDrive/Run.ps1'"
        try {
            Wait-Until { try { & $tmux[0] $tmux[1..4] capture-pane -p 2>$null | Select-String 'MiB' } catch { $false } } 'the first progress bar'
            Wait-Until { (Test-Path "$TestDrive/first") -and (Test-Path "$TestDrive/second") } 'both commands having ended'
        }
        finally {
            & $tmux[0] $tmux[1..4] kill-server 2>$null
        }

        Get-Item "$TestDrive/first", "$TestDrive/second" | ForEach-Object Length | Should -Be 3MB, 3MB
    }
}
