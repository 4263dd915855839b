BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    Import-Module "$root/out/Splice/Splice.psd1"

    # The lines of the terminal in a picture. Words of a row have the same height, and blanks between colored words are left out:
    # a column is 12.2 units wide.
    function Get-PictureLine([string] $Path) {
        $picture = [xml] (Get-Content -LiteralPath $Path -Raw)
        $texts = $picture.SelectNodes('//*[local-name()="text"][@clip-path]')
        $texts | Group-Object { [double] $_.y } | Sort-Object { [double] $_.Name } | ForEach-Object {
            $line = ''
            foreach ($text in $_.Group | Sort-Object { [double] $_.x }) {
                $line = $line.PadRight([Math]::Round([double] $text.x / 12.2)) + $text.InnerText.Replace([char] 0xA0, ' ')
            }

            $line.TrimEnd()
        }
    }

    # The headings above the rows of a table.
    function Get-Heading([string[]] $Line) {
        $rule = [array]::FindIndex($Line, [Predicate[string]] { $args[0] -match '^ *-+( +-+)+ *$' })
        (-split $Line[$rule - 1])
    }

    function Assert-Picture([string] $Path) {
        $lines = @(Get-PictureLine $Path)
        $typed = @($lines -match '^PS> ')
        $typed | Should -HaveCount 3
        foreach ($line in $typed) {
            $call = [Management.Automation.Language.Parser]::ParseInput($line.Substring(4), [ref] $null, [ref] $null).Find({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
            $parameters = (Get-Command $call.GetCommandName() -Module Splice -ErrorAction Stop).Parameters.Keys
            $call.CommandElements.ParameterName | Where-Object { $_ -and $_ -notin $parameters } | Should -BeNullOrEmpty
        }

        # Each table has the headings that it has today.
        $second = [array]::IndexOf($lines, $typed[1])
        $source = "$TestDrive/source"
        [IO.File]::WriteAllBytes($source, (Get-TestByte 5000))
        $copied = Copy-ItemZeroCopy $source "$TestDrive/copy" | Out-String -Stream -Width 100
        $tested = Test-ZeroCopy $source "$TestDrive/copy" | Out-String -Stream -Width 100
        Get-Heading $lines[0..$second] | Should -Be (Get-Heading ($copied -replace '\e\[[\d;]*m'))
        Get-Heading $lines[$second..($lines.Count - 1)] | Should -Be (Get-Heading ($tested -replace '\e\[[\d;]*m'))
        $lines -match '^ *10\.0 GiB +9\.94 GiB ' | Should -HaveCount 1
        $lines -match '^ +\d (Reflink|CopyFileRange|SendFile|Splice|ReadWrite) +(yes|no) ' | Should -HaveCount 5
        $lines[-1] | Should -Match '^Copying \S+ \[\d[\d.]* MiB of 200 MiB, .*\d MiB/s +\d+s\]$'
        (Get-Item $Path).Length | Should -BeLessThan 150KB

        # No page that shows it need load anything.
        Get-Content $Path -Raw | Should -Not -Match '@import|url\((?!#)|href="(?!#)'
    }
}

Describe 'The picture of a terminal' {
    It 'in the documents shows what cmdlets and tables are today' {
        Assert-Picture "$root/docs/images/terminal.svg"
        Get-Content "$root/README.md" -Raw | Should -Match '\]\(docs/images/terminal\.svg\)'
    }

    It 'can be made anew' {
        try { $made = & "$root/docs/images/New-TerminalImage.ps1" -Path "$TestDrive/made.svg" }
        catch {
            if ("$_" -like '*is missing*') { Set-ItResult -Skipped -Because "$_" }
            throw
        }

        $made.FullName | Should -Be "$TestDrive/made.svg"
        Assert-Picture $made.FullName
    }
}
